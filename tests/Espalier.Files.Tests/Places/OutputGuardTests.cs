using Espalier.Tests;

namespace Espalier.Files.Tests.Places;

/// <summary>Promise R20: outputs that are, hold or lie in an input are refused, whatever they are called.</summary>
public sealed class OutputGuardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public OutputGuardTests()
    {
        foreach (var folder in (string[])["model", "texts/deep", "cache/blobs", "cache/snapshots/1", "elsewhere"])
            Directory.CreateDirectory(At(folder));
        foreach (var file in (string[])["model/model.safetensors", "model/config.json", "texts/deep/a.md", "note.txt", "cache/blobs/abc"])
            File.WriteAllText(At(file), file);
        File.CreateSymbolicLink(At("cache/snapshots/1/model.safetensors"), "../../blobs/abc");
        Directory.CreateSymbolicLink(At("link-to-model"), At("model"));
        File.CreateSymbolicLink(At("link-to-weights"), "model/model.safetensors");
        File.CreateSymbolicLink(At("link-to-nothing"), "model/new.gguf");
        Directory.CreateSymbolicLink(At("elsewhere/up"), "..");
        HardLink(At("model/model.safetensors"), At("twin"));
    }

    [Theory]
    [InlineData("model", "model", "itself")]
    [InlineData("model/", "model", "itself")]
    [InlineData("elsewhere/../model", "model", "itself")]
    [InlineData("link-to-model", "model", "itself")]
    [InlineData("model", "link-to-model", "itself")]
    [InlineData("model/model.safetensors", "model", "is inside")]
    [InlineData("model/new/deep.gguf", "model", "is inside")]
    [InlineData("link-to-model/new.gguf", "model", "is inside")]
    [InlineData("link-to-weights", "model", "through a link")]
    [InlineData("link-to-nothing", "model", "through a link")]
    [InlineData("elsewhere/up/model/x", "model", "is inside")]
    [InlineData("model/x", "link-to-model", "is inside")]
    [InlineData("twin", "model", "the same file")]
    [InlineData("twin", "model/model.safetensors", "itself")]
    [InlineData("note.txt", "note.txt", "itself")]
    [InlineData("texts", "texts/deep", "contains")]
    [InlineData("texts", "texts/deep/a.md", "contains")]
    [InlineData(".", "model", "contains")]
    [InlineData("elsewhere/up/texts", "texts/deep", "contains")]
    [InlineData("cache/blobs/abc", "cache/snapshots/1", "needs")]
    [InlineData("cache/blobs", "cache/snapshots/1", "contains")]
    public void An_output_that_meets_an_input_is_refused(string output, string input, string how)
    {
        var error = Assert.Throws<EspalierException>(() => Require(output, input));
        Assert.Contains(how, error.Message, StringComparison.Ordinal);
        Assert.StartsWith($"--output {output}: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.gguf", "model")]
    [InlineData("model-2", "model")]
    [InlineData("mode", "model")]
    [InlineData("note.txt.json", "note.txt")]
    [InlineData("scores.json", "note.txt")]
    [InlineData("texts/deep/scores.json", "texts/deep/a.md")]
    [InlineData("elsewhere/up/out", "model")]
    [InlineData("out", "no-such-input")]
    [InlineData("cache/blobs/new", "cache/snapshots/1")]
    [InlineData("link-to-weights", "note.txt")]
    public void An_output_beside_every_input_is_taken(string output, string input) => Require(output, input);

    private void Require(string output, string input) =>
        OutputGuard.Require($"--output {output}", At(output), [new("the input", At(input))]);

    private string At(string name) => Path.Combine(_folder.Path, name);

    private static void HardLink(string from, string to)
    {
        using var process = System.Diagnostics.Process.Start("ln", [from, to]);
        process.WaitForExit();
    }

    public void Dispose() => _folder.Dispose();
}
