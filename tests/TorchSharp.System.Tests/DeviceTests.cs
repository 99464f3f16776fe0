using System.Runtime.InteropServices;
using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Devices and threads. Holds with CUDA and without.</summary>
public class DeviceTests
{
    [Fact]
    public void There_are_devices_exactly_where_CUDA_is_available()
    {
        cuda_is_available().Should().Be(cuda.is_available());
        if (cuda.is_available())
        {
            cuda.device_count().Should().BeGreaterThan(0);
        }
        else
        {
            cuda.device_count().Should().Be(0);
            cuda.is_cudnn_available().Should().BeFalse();
        }
        TryInitializeDeviceType(DeviceType.CUDA).Should().Be(cuda.is_available());
        TryInitializeDeviceType(DeviceType.CPU).Should().BeTrue();
    }

    [Fact]
    public void A_CUDA_device_is_refused_where_there_is_none()
    {
        if (cuda.is_available())
        {
            device("cuda").type.Should().Be(DeviceType.CUDA);
            device("cuda:0").index.Should().Be(0);
            CUDA.type.Should().Be(DeviceType.CUDA);
            return;
        }
        FluentActions.Invoking(() => device("cuda")).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => device("cuda:0")).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => device(DeviceType.CUDA)).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => CUDA).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => InitializeDeviceType(DeviceType.CUDA)).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => zeros(1).cuda()).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => zeros(1).to("cuda")).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => zeros(1).to(DeviceType.CUDA)).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void A_module_with_modules_does_not_go_to_a_CUDA_device_where_there_is_none()
    {
        if (cuda.is_available()) return;
        using var module = nn.Sequential(nn.Linear(1, 1));
        module.Invoking(m => m.cuda()).Should().Throw<Exception>();
        module.Invoking(m => m.to("cuda")).Should().Throw<Exception>();
        module.call(ones(1, 1)).shape.Should().Equal(1, 1);
    }

    [Fact]
    public void Tensors_and_modules_go_to_a_CUDA_device_and_back()
    {
        if (!cuda.is_available()) return;
        var x = Pattern([2, 3]).to(CUDA);
        x.is_cuda.Should().BeTrue();
        x.device_type.Should().Be(DeviceType.CUDA);
        x.device.ToString().Should().Be("cuda:0");
        (x + 1).device_index.Should().Be(0);
        x.data<float>().ToArray().Should().Equal(Pattern([2, 3]).data<float>().ToArray());
        x.cpu().is_cuda.Should().BeFalse();
        x.Invoking(t => t + Pattern([2, 3])).Should().Throw<ExternalException>();
        using var module = nn.Sequential(nn.Linear(3, 1), nn.Flatten());
        module.to(CUDA);
        module.parameters().Should().OnlyContain(parameter => parameter.is_cuda && parameter.requires_grad && parameter.is_leaf);
        module.call(x).is_cuda.Should().BeTrue();
        cuda.synchronize();
        module.cpu();
        module.call(x.cpu()).is_cuda.Should().BeFalse();
        zeros(2, device: CUDA).is_cuda.Should().BeTrue();
        tensor(new[] { 1f, 2f }, device: CUDA).ShouldBe([2], [1, 2]);
    }

    [Fact]
    public void Seeding_CUDA_is_no_error_without_it()
    {
        cuda.manual_seed(1);
        cuda.manual_seed_all(1);
    }

    [Fact]
    public void Devices_are_named_as_in_PyTorch()
    {
        CPU.ToString().Should().Be("cpu");
        CPU.type.Should().Be(DeviceType.CPU);
        device("cpu").ToString().Should().Be("cpu");
        new Device("cuda").ToString().Should().Be("cuda");
        new Device("cuda:1").ToString().Should().Be("cuda:1");
        new Device("cuda:1").index.Should().Be(1);
        new Device("CUDA", 2).ToString().Should().Be("cuda:2");
        new Device(DeviceType.CUDA).index.Should().Be(-1);
        new Device(3).ToString().Should().Be("cuda:3");
        ((Device)"cpu").type.Should().Be(DeviceType.CPU);
        FluentActions.Invoking(() => device("abacus")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Device("cuda:x")).Should().Throw<FormatException>();
        get_default_device().type.Should().Be(DeviceType.CPU);
        InitializeDevice(null).type.Should().Be(DeviceType.CPU);
    }

    [Fact]
    public void The_number_of_threads_can_be_set()
    {
        int before = get_num_threads();
        before.Should().BeGreaterThan(0);
        try
        {
            set_num_threads(1);
            get_num_threads().Should().Be(1);
            set_num_threads(2);
            get_num_threads().Should().Be(2);
        }
        finally
        {
            set_num_threads(before);
        }
        get_num_interop_threads().Should().BeGreaterThan(0);
    }

    [FactBeyondTorchSharp("ends the process")]
    public void No_threads_at_all_are_refused()
    {
        // torch.set_num_threads checks for itself; at::set_num_threads says:
        LibtorchError(() => set_num_threads(0)).Should().Be("Expected positive number of threads");
        LibtorchError(() => set_num_threads(-1)).Should().Be("Expected positive number of threads");
    }

    [Fact]
    public void The_version_is_libtorchs() => __version__.Should().MatchRegex(@"^\d+\.\d+");

    [Fact]
    public void Element_types_are_told_apart()
    {
        is_floating_point(float16).Should().BeTrue();
        is_floating_point(bfloat16).Should().BeTrue();
        is_floating_point(int64).Should().BeFalse();
        is_integral(uint8).Should().BeTrue();
        is_integral(float64).Should().BeFalse();
        is_complex(ScalarType.ComplexFloat32).Should().BeTrue();
        is_complex(float32).Should().BeFalse();
        get_default_dtype().Should().Be(ScalarType.Float32);
    }

    [Fact]
    public void Numbers_become_scalars_and_back()
    {
        3.ToScalar().ToInt32().Should().Be(3);
        3L.ToScalar().ToInt64().Should().Be(3);
        2.5f.ToScalar().ToSingle().Should().Be(2.5f);
        2.5.ToScalar().ToDouble().Should().Be(2.5);
        true.ToScalar().ToBoolean().Should().BeTrue();
        2.5.ToScalar().ToInt32().Should().Be(2);
        3.ToScalar().ToDouble().Should().Be(3);
    }
}
