using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Tests;

namespace Espalier.Tests.Recipes;

/// <summary>A run folder that lies where the text does: <c>train: ./**/*.md</c> and <c>output: ./runs/x</c>.</summary>
public sealed class OwnFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Run => _folder.Of("runs", "x");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/**/*.md")]
    [InlineData("")]
    public void What_a_run_wrote_itself_is_no_text_to_train_on_when_it_is_started_again(string pattern)
    {
        Write("a.md", "A first text.");
        Write("more/b.md", "And a second one.");
        var first = Data(pattern);
        Assert.Equal(StageStatus.Done, first.Status);

        Within(run => run.Folder.Publish([Path.Combine(Run, "student")], place =>
        {
            Directory.CreateDirectory(Path.Combine(place, "student"));
            File.WriteAllText(Path.Combine(place, "student", "README.md"), "The model's page.");
        }));
        Write("runs/x/stages/prune-0123456789ab/model/README.md", "The same page.");
        var second = Data(pattern);
        Assert.Equal((first.Key, StageStatus.Reused), (second.Key, second.Status));

        // What somebody else puts there is.
        Write("runs/notes.md", "A third.");
        Assert.NotEqual(first.Key, Data(pattern).Key);
    }

    [Fact]
    public void A_pattern_that_only_finds_what_the_run_wrote_is_refused()
    {
        Within(_ => { });
        Write("runs/x/stages/prune-0123456789ab/model/README.md", "The model's page.");
        // Folders of runs are not walked into, and a pattern that begins in one finds what is not taken.
        Assert.Contains("matches no file below", Assert.Throws<EspalierException>(() => Data("/**/*.md")).Message,
            StringComparison.Ordinal);
        var error = Assert.Throws<EspalierException>(() => Data("/runs/x/stages/prune-0123456789ab/**/*.md"));
        Assert.Contains("contains only what this run itself wrote", error.Message, StringComparison.Ordinal);
    }

    private StageEntry Data(string pattern)
    {
        StageEntry? entry = null;
        Within(run =>
        {
            var stage = new DataStage(new() { Train = [_folder.Path + pattern], HeldOut = 0, Sequence = 4 },
                Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), 4096);
            stage.Run(run);
            stage.Tokens.Value.Dispose();
            entry = run.Used.Single();
        });
        return entry!;
    }

    private void Within(Action<RunContext> work) => RunContext.Within(Run, "recipe", 1, NullProgress.Instance, run =>
    {
        work(run);
        return 0;
    }, default);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.Of(name))!);
        File.WriteAllText(_folder.Of(name), text);
    }
}
