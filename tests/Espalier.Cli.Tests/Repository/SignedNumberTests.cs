using System.Text.RegularExpressions;

namespace Espalier.Cli.Tests.Repository;

/// <summary>
/// Formats of numbers with a sign name what nothing is: with two sections a small negative number, rounded to 0, gets both signs.
/// </summary>
public sealed partial class SignedNumberTests
{
    [Fact]
    public void A_format_with_a_sign_has_a_section_for_zero()
    {
        Assert.Equal("-+0.00", (-0.001).ToString("+0.00;-0.00", CultureInfo.InvariantCulture));
        Assert.Equal("0.00", (-0.001).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture));
        Assert.DoesNotContain(
            RepositoryFiles.All.Where(path => path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal)),
            path => TwoSections().IsMatch(RepositoryFiles.Read(path)));
    }

    [GeneratedRegex("""[":](\+|)[0#][0#.,]*;[-−][0#][0#.,]*["}]""")]
    private static partial Regex TwoSections();
}
