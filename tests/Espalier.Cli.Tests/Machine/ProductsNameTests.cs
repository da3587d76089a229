using Espalier.Cli.Tests.Commands;
using Espalier.Cli.Tests.Survival;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Machine;

public sealed class ProductsNameTests
{
    [Fact]
    public void A_library_of_products_that_is_none_is_refused_by_a_command_that_multiplies_nothing()
    {
        using var folder = new TemporaryFolder();
        using var program = new RealProgram(["prune", Verb.Tiny, "--random", "--hidden", "32", "--output", Path.Combine(folder.Path, "small")],
            ("ESPALIER_PRODUCTS", "mkl"));
        Assert.Equal(2, program.Wait());
        Assert.Contains("ESPALIER_PRODUCTS is 'mkl'; it must be own, onednn or libtorch", program.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "small")));
    }
}
