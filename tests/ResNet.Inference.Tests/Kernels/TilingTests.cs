using ResNet.Inference.Kernels;

namespace ResNet.Inference.Tests.Kernels;

public sealed class TilingTests
{
    [Fact]
    public void Tiles_cover_each_row_once()
    {
        for (int rows = 1; rows < 500; rows++)
        {
            var tiling = new Tiling(rows);

            int next = 0;
            for (int tile = 0; tile < tiling.Count; tile++)
            {
                tiling.First(tile).Should().Be(next);
                next += tiling.RowsOf(tile);
            }
            next.Should().Be(rows);
        }
    }

    [Theory]
    [InlineData(49, 9)]       // 4 tiles of six rows and 5 of five
    [InlineData(16, 3)]       // 6 + 5 + 5
    [InlineData(12, 2)]
    [InlineData(7, 2)]        // 6 + 1
    [InlineData(4, 4)]
    [InlineData(1, 1)]
    public void Tiles_are_as_few_as_waste_no_row(int rows, int tiles) => new Tiling(rows).Count.Should().Be(tiles);
}
