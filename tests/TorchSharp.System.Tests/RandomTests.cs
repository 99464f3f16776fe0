using static TorchSharp.Tests.Expect;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Random numbers: the same ones as PyTorch's on the CPU, and generators that can be kept and set back.</summary>
public class RandomTests
{
    [Fact]
    public void A_seed_gives_PyTorchs_uniform_numbers()
    {
        // torch.manual_seed(0); u = torch.rand(5); v = torch.rand(2, 3); d = torch.rand(2, dtype=torch.float64)
        manual_seed(0);
        rand(5).ShouldBe([5], [0.4962566, 0.7682218, 0.08847743, 0.13203049, 0.30742282]);
        rand([2, 3]).ShouldBe([2, 3], [0.6340787, 0.4900934, 0.89644474, 0.45562798, 0.6323063, 0.34889346]);
        rand(2, dtype: float64).ShouldBe([2], [0.2137386501251, 0.3508719881883]);
    }

    [Fact]
    public void A_seed_gives_PyTorchs_normal_numbers()
    {
        // torch.manual_seed(0); u = torch.randn(5); v = torch.randn(2, 3); many = torch.randn(20); d = torch.randn(2, dtype=torch.float64)
        manual_seed(0);
        randn(5).ShouldBe([5], [1.5409961, -0.2934289, -2.1787894, 0.56843126, -1.0845224]);
        randn(2, 3).ShouldBe([2, 3], [-1.3985955, 0.40334684, 0.83802634, -0.7192576, -0.40334353, -0.59663534]);
        randn(20).ShouldBe([20], [
            0.4680964, -0.15771244, 1.4436601, 0.2660494, -0.173961, -0.6787462, 0.93826073, 0.48886982, -0.6730899, 0.8728312,
            1.0553575, 0.17784372, -0.5180748, -0.3067042, -1.5809939, 1.7066433, -0.44621718, 0.7440207, 1.5209795, 3.4105027
        ]);
        randn(2, dtype: float64).ShouldBe([2], [0.1820364850613, 0.518636748951]);
    }

    [Fact]
    public void A_seed_gives_PyTorchs_whole_numbers_and_permutations()
    {
        // torch.manual_seed(7); i = torch.randint(10, (8,)); j = torch.randint(-5, 100, (2, 2)); p = torch.randperm(10)
        manual_seed(7);
        var i = randint(10, [8]);
        i.ShouldBe([8], [5, 2, 1, 6, 3, 7, 7, 9]);
        i.dtype.Should().Be(ScalarType.Int64);
        randint(-5, 100, [2, 2]).ShouldBe([2, 2], [68, 96, 68, 71]);
        randperm(10).ShouldBe([10], [8, 7, 0, 4, 3, 1, 9, 5, 2, 6]);
        randint(3, [2], int32).dtype.Should().Be(ScalarType.Int32);
        randperm(4, int32).dtype.Should().Be(ScalarType.Int32);
    }

    [Fact]
    public void A_seed_gives_PyTorchs_numbers_in_place()
    {
        // torch.manual_seed(3); u = torch.empty(4).uniform_(-2, 3); n = torch.empty(4).normal_(1, 0.5)
        manual_seed(3);
        empty(4).uniform_(-2, 3).ShouldBe([4], [-1.9786824, -1.4721532, -0.5707876, -1.8652258]);
        empty(4).normal_(1, 0.5).ShouldBe([4], [1.044489, 0.693141, 1.0230912, 0.3158704]);
    }

    [Fact]
    public void Bernoulli_numbers_are_1_as_often_as_told()
    {
        manual_seed(0);
        var x = zeros([100_000]).bernoulli_(0.3);
        x.mean().ToDouble().Should().BeApproximately(0.3, 0.01);
        (x.eq(0).sum() + x.eq(1).sum()).ShouldBe(100_000);
    }

    [Fact]
    public void The_same_seed_gives_the_same_numbers_and_another_others()
    {
        manual_seed(5);
        var first = rand(10);
        manual_seed(5);
        rand(10).allclose(first).Should().BeTrue();
        rand(10).allclose(first).Should().BeFalse();
        manual_seed(6);
        rand(10).allclose(first).Should().BeFalse();
    }

    [Fact]
    public void A_generator_gives_PyTorchs_numbers_whatever_others_do()
    {
        // g = torch.Generator().manual_seed(42); u = torch.rand(3, generator=g); n = torch.randn(3, generator=g); p = torch.randperm(5, generator=g)
        // i = torch.randint(100, (3,), generator=g); v = torch.empty(2).uniform_(0, 1, generator=g); w = torch.empty(2).normal_(0, 1, generator=g)
        using var g = new Generator(42);
        rand([3], generator: g).ShouldBe([3], [0.88226926, 0.91500396, 0.38286376]);
        manual_seed(1);
        rand(10);
        randn([3], generator: g).ShouldBe([3], [-0.8293192, -1.613707, -0.21470453]);
        randperm(5, generator: g).ShouldBe([5], [4, 3, 2, 0, 1]);
        randint(100, [3], generator: g).ShouldBe([3], [72, 15, 95]);
        empty(2).uniform_(0, 1, g).ShouldBe([2], [0.26658005, 0.62744915]);
        empty(2).normal_(0, 1, g).ShouldBe([2], [0.2989355, 0.53490466]);
    }

    [Fact]
    public void A_generator_leaves_the_default_one_alone()
    {
        manual_seed(9);
        var expected = rand(4);
        manual_seed(9);
        using var g = new Generator(1);
        rand([100], generator: g);
        rand(4).allclose(expected).Should().BeTrue();
    }

    [Fact]
    public void A_generator_knows_its_seed()
    {
        using var g = new Generator(42);
        g.initial_seed().Should().Be(42);
        g.manual_seed(43).Should().BeSameAs(g);
        g.initial_seed().Should().Be(43);
        g.device.type.Should().Be(DeviceType.CPU);
        long seed = g.seed();
        g.initial_seed().Should().Be(seed);
        manual_seed(44).initial_seed().Should().Be(44);
        random.initial_seed().Should().Be(44);
        Generator.Default.initial_seed().Should().Be(44);
    }

    [Fact]
    public void A_generators_state_can_be_kept_and_set_back()
    {
        using var g = new Generator(3);
        // An odd number of normal numbers: half of a pair is still to come.
        randn([3], generator: g);
        using var state = g.get_state();
        state.dtype.Should().Be(ScalarType.Byte);
        Tensor normal = randn([5], generator: g), uniform = rand([5], generator: g);
        g.set_state(state);
        randn([5], generator: g).allclose(normal).Should().BeTrue();
        rand([5], generator: g).allclose(uniform).Should().BeTrue();
        using var other = new Generator();
        other.set_state(state);
        randn([5], generator: other).allclose(normal).Should().BeTrue();
    }

    [Fact]
    public void The_default_generators_state_can_be_kept_and_set_back()
    {
        manual_seed(11);
        randn(3);
        var state = random.get_rng_state();
        Tensor normal = randn(4), permutation = randperm(20);
        manual_seed(12);
        random.set_rng_state(state);
        randn(4).allclose(normal).Should().BeTrue();
        randperm(20).eq(permutation).all().item<bool>().Should().BeTrue();
    }

    [Fact]
    public void A_state_is_a_copy_and_not_the_generators_own()
    {
        manual_seed(1);
        var state = random.get_rng_state();
        var before = state.clone();
        rand(100);
        state.eq(before).all().item<bool>().Should().BeTrue();
    }

    [FactBeyondTorchSharp("ends the process")]
    public void A_state_that_is_none_is_libtorchs_error()
    {
        manual_seed(1);
        var expected = rand(2);
        manual_seed(1);
        // torch.set_rng_state(torch.zeros(3, dtype=torch.uint8))
        LibtorchError(() => random.set_rng_state(zeros(3, dtype: uint8))).Should().NotBeEmpty();
        LibtorchError(() => random.set_rng_state(zeros(5056))).Should().NotBeEmpty();
        rand(2).allclose(expected).Should().BeTrue();
    }
}
