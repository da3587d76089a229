using Espalier.Compression.Data;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Options.Texts;

namespace Espalier.Tests.Stages;

/// <summary>What is known of texts before any work: filters and shares that leave nothing are seen.</summary>
public sealed class TextCounterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_text_of_which_a_filter_leaves_nothing_is_refused_and_else_what_it_leaves_is_counted()
    {
        var english = Write("a.jsonl", 30, "The cat sat on the mat and looked at the dog that was in the house");
        var german = Write("b.jsonl", 10, "Der Hund und die Katze sind nicht in dem Haus, das auf der Wiese steht");
        var none = Assert.Throws<EspalierException>(() => Count(new() { Train = [english], HeldOut = 0, Language = "de" }));
        Assert.Contains("no document was left (skipped: 30 other-language)", none.Message);
        var (both, onlyGerman) = (Count(new() { Train = [english, german], HeldOut = 0 }),
            Count(new() { Train = [english, german], HeldOut = 0, Language = "de" }));
        Assert.Equal((40L, 10L), (both.Train!.Documents, onlyGerman.Train!.Documents));
        Assert.True(onlyGerman.Train.Tokens < both.Train.Tokens);
        var close = Count(new() { Train = [english], HeldOut = 0, NearDuplicates = 0.5 });
        Assert.True(close.Train!.Documents < 30);
    }

    [Fact]
    public void A_source_of_a_mixture_may_hold_nothing_out_but_not_all_of_them()
    {
        var (large, small) = (Write("a.jsonl", 60, "The cat sat on the mat"), _folder.Of("b.jsonl"));
        // A document that is not among the lowest fifth by its hash.
        var text = Enumerable.Range(0, 50).Select(i => $"Nobody else is here, {i}.").First(text => !new HeldOutSplit(0.2).IsHeldOut(text));
        File.WriteAllText(small, $"{{\"text\": \"{text}\"}}\n");
        DataSection Of(double share, params string[] files) =>
            new() { Sources = [.. files.Select(file => new TrainSource { Path = file, Weight = 1 })], HeldOut = share };
        var (train, heldOut) = Count(Of(0.2, large, small));
        Assert.Equal(Count(Of(0.2, large)).HeldOut!.Tokens, heldOut!.Tokens);
        Assert.True(train!.IsExact);
        Assert.Contains("rounds to none; give a larger share",
            Assert.Throws<OneSidedSplitException>(() => Count(Of(1e-9, large, small))).Message);
    }

    private static (TextSize? Train, TextSize? HeldOut) Count(DataSection data) => new TextCounter(default)
        .OfData(data, Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher")), 4096);

    private string Write(string name, int count, string text)
    {
        var path = _folder.Of(name);
        File.WriteAllLines(path, Enumerable.Range(0, count).Select(i => $"{{\"text\": \"{text}, {i * i} {i}.\"}}"));
        return path;
    }
}
