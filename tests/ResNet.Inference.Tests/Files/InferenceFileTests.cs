using System.Text;
using ResNet.Testing;

namespace ResNet.Inference.Tests.Files;

public sealed class InferenceFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SavedNetwork _saved = new("resnet20");
    private readonly byte[] _file;

    public InferenceFileTests() => _file = File.ReadAllBytes(_saved.File);

    public void Dispose()
    {
        _saved.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_stream_gives_the_same_network_as_a_file()
    {
        using var model = InferenceModel.Open(new MemoryStream(_file));
        _saved.Deviation(model, 1, 32, 32).Should().BeLessThan(1e-4);
    }

    [Fact]
    public void A_network_saved_to_a_stream_is_the_file()
    {
        using var stream = new MemoryStream();
        _saved.Network.SaveForInference(stream);
        stream.ToArray().Should().Equal(_file);
    }

    [Fact]
    public void Only_a_file_with_the_format_in_its_metadata_is_for_inference()
    {
        InferenceModel.IsInferenceFile(_saved.File).Should().BeTrue();
        // Damaged weights, and a damaged list of tensors after the metadata.
        byte[] damaged = [.. _file];
        damaged[^1] ^= 1;
        InferenceModel.IsInferenceFile(_folder.Write("damaged.safetensors", damaged)).Should().BeTrue();
        InferenceModel.IsInferenceFile(_folder.Write("short.safetensors", _file[..^100_000])).Should().BeTrue();
        string weights = Path.Combine(_folder.Path, "plain.safetensors");
        _saved.Network.SaveWeights(weights);
        foreach (string other in new[]
        {
            weights, _folder.Write("empty", []), _folder.Write("text", [.. "12345678{}"u8]), _folder.Write("cut.safetensors", _file[..100]),
            _folder.Path, Path.Combine(_folder.Path, "none"),
        })
            InferenceModel.IsInferenceFile(other).Should().BeFalse(other);
    }

    [Fact]
    public void A_file_that_is_cut_short_anywhere_is_refused()
    {
        for (int length = 0; length < _file.Length; length += length < 9000 ? 37 : 20011)
            Refusal(_file[..length]).Should().MatchRegex("^The file 'the stream' (is|has) .*\\.$", "{0} bytes", length);
    }

    [Fact]
    public void A_byte_that_is_flipped_in_the_weights_is_refused()
    {
        var random = new Random(1);
        int header = 8 + BitConverter.ToInt32(_file);
        for (int i = 0; i < 300; i++)
        {
            byte[] file = [.. _file];
            file[random.Next(header, file.Length)] ^= (byte)(1 << random.Next(8));
            Refusal(file).Should().Be("The file 'the stream' is damaged: its checksum does not fit its weights.");
        }
    }

    [Fact]
    public void Tensors_that_share_bytes_are_refused()
    {
        // A second name for the bytes of a bias.
        int header = BitConverter.ToInt32(_file);
        string text = Encoding.UTF8.GetString(_file, 8, header);
        string bias = System.Text.RegularExpressions.Regex.Match(text, "\"conv1.bias\"(:{.*?})").Groups[1].Value;
        Refusal(Replace("\"conv1.bias\":", "\"other\"" + bias + ",\"conv1.bias\":"))
            .Should().MatchRegex(@"is damaged: its tensors have \d+ bytes, but \d+ follow the header\.$");
    }

    [Theory]
    [InlineData("\"kernel\":3", "\"kernel\":5", "is damaged: layer 0 (Convolution) has weights [16, 3, 3, 3] for 3 channels")]
    [InlineData("\"input\":0", "\"input\":7", "is damaged: layer 0 (Convolution) reads the value 7, which no earlier layer computes")]
    [InlineData("\"add\":1", "\"add\":9", "is damaged: layer 2 (Convolution) adds the value 9, which does not fit")]
    [InlineData("\"padding\":1", "\"padding\":2", "is damaged: layer 0 (Convolution) has the padding 2")]
    [InlineData("\"padding\":1", "\"stride\":-1", "is damaged: layer 0 (Convolution) has the stride -1")]
    [InlineData("\"mean\"", "\"meen\"", "is damaged: its plan has a layer of a kind that this version does not know")]
    [InlineData("conv1.weight\",\"bias", "conv7.weight\",\"bias", "is damaged: layer 0 (Convolution) lacks the tensor 'conv7.weight'")]
    [InlineData("\"padding\":1", "\"padding\":1724430209", "is damaged: layer 0 (Convolution) has the padding 1724430209")]
    [InlineData("\"kind\":\"linear\"", "\"groups\":2,\"kind\":\"linear\"", "is damaged: layer 24 (Linear) cannot have groups")]
    [InlineData("\"kind\":\"linear\"", "\"kernel\":3,\"kind\":\"linear\"", "is damaged: layer 24 (Linear) cannot have a kernel")]
    [InlineData("\"kind\":\"mean\"", "\"relu\":true,\"kind\":\"mean\"", "is damaged: layer 23 (Mean) cannot have a ReLU")]
    [InlineData("\"bias\":\"conv1.bias\"", "\"bias\":\"layer1.0.conv1.bias\"", "is damaged: two of its layers have the same tensor")]
    [InlineData("\"channels\":3", "\"channels\":0", "is damaged: its images have 0 channels")]
    [InlineData("\"stages\":[1,7,", "\"stages\":[0,7,", "is damaged: its stage 0 ends with the value 0, which does not fit")]
    [InlineData("\"stages\":[1,7,", "\"stages\":[1,1,", "is damaged: its stage 1 ends with the value 1, which does not fit")]
    [InlineData("\"stages\":[1,7,", "\"stages\":[1,25,", "is damaged: its stage 1 ends with the value 25, which does not fit")]
    [InlineData(
        "\"stages\":[1,7,", "\"stages\":[1,7.5,", "is damaged: it has a fraction, or a huge number, in the place of a whole number")]
    [InlineData(
        "\"resnet.inference\":\"1\"", "\"resnet.inference\":\"3\"",
        "has the format 3, but this version reads 1 and 2: make the file again")]
    [InlineData("\"resnet.inference\":\"1\"", "\"resnet.inferense\":\"1\"", "is no file for inference: make one with SaveForInference")]
    public void A_plan_that_does_not_fit_is_refused_by_name(string before, string after, string problem) =>
        Refusal(Replace(before, after)).Should().Be($"The file 'the stream' {problem}.");

    [Fact]
    public void A_plan_that_does_not_say_its_stages_has_none()
    {
        using var model = InferenceModel.Open(new MemoryStream(Replace("\"stages\":", "\"parts\":")));
        _saved.Deviation(model, 1, 32, 32).Should().BeLessThan(1e-4);
        model.Stages.Should().Be(0);
        model.FeatureCount.Should().Be(64);
        Action shape = () => model.StageShape(0, 32, 32);
        shape.Should().Throw<InvalidOptionException>()
            .WithMessage("InferenceModel.stage is 0, but has to be in a file that says its stages: save the network again.");
        Action outputs = () => model.StageOutputs(new float[3 * 32 * 32], 1, 32, 32, [new float[1]]);
        outputs.Should().Throw<ArgumentException>()
            .WithMessage("The file does not say which layers are stages: save the network again.");
    }

    [Fact]
    public void Places_of_tensors_whose_difference_overflows_are_refused()
    {
        int header = BitConverter.ToInt32(_file);
        string text = Encoding.UTF8.GetString(_file, 8, header);
        var place = System.Text.RegularExpressions.Regex.Match(text, "\"conv1.bias\".*?\"data_offsets\":(\\[\\d+,\\d+\\])");
        Refusal(Replace(place.Groups[1].Value, "[9223372036854775744,-9223372036854775808]"))
            .Should().Be("The file 'the stream' is damaged: the tensor 'conv1.bias' does not fit its shape, or lies outside of the file.");
    }

    [Fact]
    public void A_stream_that_cannot_be_read_is_refused()
    {
        using var stream = new FileStream(Path.Combine(_folder.Path, "written"), FileMode.Create, FileAccess.Write);
        Action open = () => InferenceModel.Open(stream).Dispose();
        open.Should().Throw<InferenceFileException>().WithMessage("The file 'the stream' cannot be read: *");
    }

    [Fact]
    public void Files_that_are_not_there_are_refused()
    {
        Refusal(Path.Combine(_folder.Path, "none.safetensors")).Should().EndWith("none.safetensors' does not exist.");
        Refusal(_folder.Path).Should().EndWith("' is a folder: name a file in it.");
        File.WriteAllBytes(Path.Combine(_folder.Path, "empty"), []);
        Refusal(Path.Combine(_folder.Path, "empty")).Should().EndWith("empty' is no file for inference.");
        _saved.Network.SaveWeights(Path.Combine(_folder.Path, "weights.safetensors"));
        Refusal(Path.Combine(_folder.Path, "weights.safetensors"))
            .Should().EndWith("weights.safetensors' is no file for inference: make one with SaveForInference.");

        static string Refusal(string path)
        {
            Action open = () => InferenceModel.Open(path).Dispose();
            return open.Should().Throw<InferenceFileException>().Which.Message;
        }
    }

    [Fact]
    public void A_file_can_be_replaced_while_a_model_uses_it()
    {
        string path = Path.Combine(_folder.Path, "network.safetensors");
        File.Copy(_saved.File, path);
        using var model = InferenceModel.Open(path);
        // As SaveForInference replaces it: by renaming another file over it.
        File.WriteAllText(path + ".new", "something else");
        File.Move(path + ".new", path, overwrite: true);
        _saved.Deviation(model, 1, 32, 32).Should().BeLessThan(1e-4);
    }

    // The plan is a text within the header's JSON, so its quotation marks are escaped; the header keeps its length.
    private byte[] Replace(string before, string after)
    {
        int header = BitConverter.ToInt32(_file);
        string text = Encoding.UTF8.GetString(_file, 8, header);
        string escaped = before.Replace("\"", "\\u0022", StringComparison.Ordinal);
        bool isPlan = text.Contains(escaped, StringComparison.Ordinal);
        if (isPlan) (before, after) = (escaped, after.Replace("\"", "\\u0022", StringComparison.Ordinal));
        int place = text.IndexOf(before, StringComparison.Ordinal);
        place.Should().BeGreaterThan(0, "the text is there");
        byte[] bytes = Encoding.UTF8.GetBytes(text[..place] + after + text[(place + before.Length)..]);
        return [.. BitConverter.GetBytes((long)bytes.Length), .. bytes, .. _file[(8 + header)..]];
    }

    private static string Refusal(byte[] file)
    {
        string? message = Try(file);
        message.Should().NotBeNull();
        return message!;
    }

    // Returns the refusal; null if the network can be computed.
    private static string? Try(byte[] file)
    {
        try
        {
            using var model = InferenceModel.Open(new MemoryStream(file), new InferenceOptions { Threads = 1 });
            try
            {
                model.Run(new float[model.Channels * 8 * 8], 1, 8, 8, new float[model.ClassCount]);
            }
            catch (ArgumentException)
            {
            }
            return null;
        }
        catch (InferenceFileException refused)
        {
            return refused.Message;
        }
    }
}
