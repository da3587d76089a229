using Espalier.Cli.Commands.Recipes;

namespace Espalier.Cli.Tests.Commands.Answering;

public sealed class TryItTests
{
    [Fact]
    public void What_a_run_says_last_can_be_typed_with_or_without_a_tokenizer()
    {
        using var folder = new TemporaryFolder();
        Assert.EndsWith($"generate {folder.Path} --ids 1,2,3", CompressCommand.TryIt(folder.Path, answers: false, "It's time"),
            StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer.json"), "{}");
        Assert.EndsWith($"generate {folder.Path} --prompt 'It'\\''s time'", CompressCommand.TryIt(folder.Path, answers: false, "It's time"),
            StringComparison.Ordinal);
        Assert.EndsWith($"chat {folder.Path}", CompressCommand.TryIt(folder.Path, answers: true, "It's time"), StringComparison.Ordinal);
    }
}
