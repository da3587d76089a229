using Espalier.Files;
using Espalier.Tests;

namespace Espalier.Files.Tests.Hashes;

public sealed class SealedTextTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File1 => _folder.Of("README.md");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("one line\n")]
    [InlineData("---\nlicense: mit\n---\n\n# ünï\ud83d\ude00\n\n<!-- a comment -->\n")]
    public void What_was_sealed_is_read_back(string text)
    {
        File.WriteAllText(File1, SealedText.Seal(text));
        Assert.True(SealedText.IsIntact(File1));
        Assert.Equal(text, SealedText.Read(File1));
    }

    [Fact]
    public void A_text_that_holds_another_sealed_one_is_read_back()
    {
        var inner = SealedText.Seal("inner\n");
        File.WriteAllText(File1, SealedText.Seal(inner + "outer\n"));
        Assert.Equal(inner + "outer\n", SealedText.Read(File1));
    }

    [Fact]
    public void Any_character_that_is_changed_taken_away_or_added_makes_it_somebody_elses()
    {
        var whole = SealedText.Seal("# Title\n\ntext\n");
        for (var at = 0; at < whole.Length; at++)
            foreach (var other in new[] { whole.Remove(at, 1), whole.Insert(at, "x"), whole.Remove(at, 1).Insert(at, "~") })
            {
                File.WriteAllText(File1, other);
                Assert.False(SealedText.IsIntact(File1), $"at {at}: {other}");
            }
        File.WriteAllText(File1, whole + "my remark\n");
        Assert.False(SealedText.IsIntact(File1));
    }

    [Fact]
    public void What_is_no_file_is_no_sealed_text()
    {
        Assert.False(SealedText.IsIntact(File1));
        Directory.CreateDirectory(File1);
        Assert.False(SealedText.IsIntact(File1));
        File.WriteAllText(_folder.Of("real"), SealedText.Seal("text\n"));
        File.CreateSymbolicLink(_folder.Of("link"), _folder.Of("real"));
        Assert.False(SealedText.IsIntact(_folder.Of("link")));
    }
}
