using static TorchSharp.torch;
using static TorchSharp.torch.nn.init;

namespace TorchSharp.Tests;

/// <summary>Initial values of weights.</summary>
public class InitTests
{
    [Fact]
    public void Gains_are_PyTorchs()
    {
        calculate_gain(NonlinearityType.Linear).Should().Be(1);
        calculate_gain(NonlinearityType.Conv2D).Should().Be(1);
        calculate_gain(NonlinearityType.Sigmoid).Should().Be(1);
        calculate_gain(NonlinearityType.Tanh).Should().BeApproximately(1.666666666667, 1e-12);
        calculate_gain(NonlinearityType.ReLU).Should().BeApproximately(1.414213562373, 1e-12);
        calculate_gain(NonlinearityType.LeakyReLU, 0.2).Should().BeApproximately(1.386750490563, 1e-12);
        // In PyTorch's Python a slope of 0.01 is the default, in its C++ and in TorchSharp a slope of 0.
        calculate_gain(NonlinearityType.LeakyReLU).Should().BeApproximately(1.414213562373, 1e-12);
    }

    [Fact]
    public void Fans_count_the_window()
    {
        CalculateFanInAndFanOut(empty([6, 4])).Should().Be((4, 6));
        CalculateFanInAndFanOut(empty([6, 4, 3, 5])).Should().Be((60, 90));
        CalculateFanInAndFanOut(empty([6, 4, 2])).Should().Be((8, 12));
        FluentActions.Invoking(() => CalculateFanInAndFanOut(empty([6]))).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Constants_fill_the_tensor_and_give_it_back()
    {
        var x = zeros(2, requires_grad: true);
        ones_(x).Should().BeSameAs(x);
        x.ShouldBe([2], [1, 1]);
        constant_(x, 0.25).Should().BeSameAs(x);
        x.ShouldBe([2], [0.25, 0.25]);
        zeros_(x).Should().BeSameAs(x);
        x.ShouldBe([2], [0, 0]);
        x.is_leaf.Should().BeTrue();
        x.requires_grad.Should().BeTrue();
        is_grad_enabled().Should().BeTrue();
    }

    [Fact]
    public void Kaimings_normal_numbers_are_PyTorchs()
    {
        // torch.manual_seed(0)
        // a = nn.init.kaiming_normal_(torch.empty(4, 2, 3, 3), mode="fan_out", nonlinearity="relu")
        // b = nn.init.kaiming_normal_(torch.empty(3, 4))
        manual_seed(0);
        var x = empty([4, 2, 3, 3], requires_grad: true);
        kaiming_normal_(x, mode: FanInOut.FanOut, nonlinearity: NonlinearityType.ReLU).Should().BeSameAs(x);
        x.ShouldBe([4, 2, 3, 3], [
            -0.265363, -0.2716139, -0.059061937, -0.102266215, 0.20004295, 0.16310813, -0.07448492, -0.49856198, 0.07596093, -0.29777086,
            0.08249183, 0.072627865, 0.028246915, 0.29171878, 0.2632269, -0.05828402, -0.31882355, -0.39973482, 0.13356084, 0.18703172,
            0.14114782, -0.36653942, -0.080459416, 0.43675774, 0.17682135, -0.1380031, -0.040870007, 0.043246165, 0.32747674, 0.37390256,
            0.22304466, -0.19885652, -0.14462292, 0.0074464804, -0.11612508, 0.05855192, 0.1036373, 0.02649557, 0.15103622, 0.10398153,
            -0.024114616, 0.18678084, -0.06827533, 0.012376133, 0.1232394, 0.542635, -0.3462216, -0.37398612, -0.15864882, 0.20572829,
            0.24875014, 0.041918166, -0.054290593, -0.09233739, 0.1280558, -0.09313953, 0.35570344, 0.4907216, 0.4022758, 0.561058,
            -0.26530686, -0.074717164, -0.25749725, -0.020080488, 0.077219434, -0.17930041, -0.37690723, 0.004357349, -0.1768773,
            0.04370108, 0.14640372, 0.15042084
        ]);
        kaiming_normal_(empty([3, 4])).ShouldBe([3, 4], [
            -0.7697449, -0.18851206, 0.13394262, -0.15487252, 1.4549367, -0.025047055, 0.04434891, -0.54186034, 0.7772875, 1.9491669,
            0.12394403, -0.6586849
        ]);
    }

    [Fact]
    public void Kaimings_uniform_numbers_are_PyTorchs()
    {
        // torch.manual_seed(0)
        // a = nn.init.kaiming_uniform_(torch.empty(3, 2, 2, 2), a=5 ** 0.5)
        // b = nn.init.kaiming_uniform_(torch.empty(2, 3), mode="fan_out", nonlinearity="relu")
        manual_seed(0);
        kaiming_uniform_(empty([3, 2, 2, 2]), a: Math.Sqrt(5)).ShouldBe([3, 2, 2, 2], [
            -0.0026469906, 0.18966144, -0.29099038, -0.26019374, -0.13617262, 0.094807945, -0.007005017, 0.28032875, -0.03137576,
            0.09355467, -0.106848456, -0.069496356, -0.3377667, -0.23415208, -0.14574288, 0.01309688, 0.1397721, 0.21214008, -0.23968837,
            -0.15395936, 0.12841664, 0.29358646, -0.07276135, 0.26456815
        ]);
        kaiming_uniform_(empty([2, 3]), mode: FanInOut.FanOut, nonlinearity: NonlinearityType.ReLU).ShouldBe([2, 3], [
            -0.27917776, 0.18327539, 1.5683308, -1.6067722, -1.0903916, -0.43849507
        ]);
    }

    [Fact]
    public void Normal_and_uniform_numbers_are_PyTorchs()
    {
        // torch.manual_seed(0); n = nn.init.normal_(torch.empty(4), 1, 0.01); u = nn.init.uniform_(torch.empty(4), -3, -2)
        manual_seed(0);
        normal_(empty(4), 1, 0.01).ShouldBe([4], [1.01541, 0.9970657, 0.9782121, 1.0056843]);
        uniform_(empty(4), -3, -2).ShouldBe([4], [-2.544372, -2.3676937, -2.6511066, -2.5982828]);
    }

    [Fact]
    public void Kaimings_numbers_have_the_deviation_and_bounds_of_the_paper()
    {
        manual_seed(1);
        var normal = kaiming_normal_(empty([64, 32, 3, 3]), mode: FanInOut.FanOut, nonlinearity: NonlinearityType.ReLU);
        // √2 / √(64 · 9)
        normal.std().ToDouble().Should().BeApproximately(0.0589256, 0.001);
        normal.mean().ToDouble().Should().BeApproximately(0, 0.001);
        var uniform = kaiming_uniform_(empty([64, 32, 3, 3]), nonlinearity: NonlinearityType.ReLU);
        // √3 · √2 / √(32 · 9)
        uniform.max().ToDouble().Should().BeInRange(0.144, 0.1443376);
        uniform.min().ToDouble().Should().BeInRange(-0.1443376, -0.144);
    }

    [Fact]
    public void Layers_start_with_PyTorchs_weights()
    {
        // torch.manual_seed(0); conv = nn.Conv2d(2, 3, 2); linear = nn.Linear(3, 2)
        manual_seed(0);
        using var conv = nn.Conv2d(2, 3, 2);
        using var linear = nn.Linear(3, 2);
        conv.weight.ShouldBe([3, 2, 2, 2], [
            -0.0026469906, 0.18966144, -0.29099038, -0.26019374, -0.13617262, 0.094807945, -0.007005017, 0.28032875, -0.03137576,
            0.09355467, -0.106848456, -0.069496356, -0.3377667, -0.23415208, -0.14574288, 0.01309688, 0.1397721, 0.21214008, -0.23968837,
            -0.15395936, 0.12841664, 0.29358646, -0.07276135, 0.26456815
        ]);
        conv.bias!.ShouldBe([3], [-0.05698692, 0.037410934, 0.3201342]);
        linear.weight.ShouldBe([2, 3], [-0.5355907, -0.36346388, -0.14616501, -0.2250511, 0.4988311, -0.3742267]);
        linear.bias!.ShouldBe([2], [-0.2657733, -0.40336025]);
    }
}
