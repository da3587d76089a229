using System.Text;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>What is no text in a benchmark's file is refused where it stands, and what nobody wrote is not remembered.</summary>
public sealed class TaskDocumentsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-documents-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("q.csv", "q,a\ncaf\u00e9,1\n", null, "q.csv: is not UTF-8 text (byte 7)")]
    [InlineData("q.txt", "caf\u00e9\n", "q", "q.txt: is not UTF-8 text (byte 3)")]
    [InlineData("q.jsonl", "{\"q\": \"caf\u00e9\"}\n", null, "q.jsonl: is not UTF-8 text (byte 10)")]
    [InlineData("q.jsonl", "{\"q\": \"a\"}\n{\"c\": [\"b\", \"c\\ud800\"]}\n", null, "line 2: c: has half of a surrogate pair")]
    [InlineData("q.csv", "q,a,q\n1,2,3\n", null, "two columns q")]
    [InlineData("q.txt", "1\n2\n", "q,q", "columns names q twice")]
    public void What_is_no_text_is_refused(string name, string latin1, string? columns, string expected)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllBytes(file, Encoding.Latin1.GetBytes(latin1));
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => TaskDocuments.Read(file, columns?.Split(','))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_that_no_model_can_have_written_are_not_remembered()
    {
        var cache = new ScoreCache(_folder);
        var prompt = new GeneratedPrompt(new(default, "p", 0), "Once");
        var kind = (GenerateKind)Catalog.TaskFile.Parse("kind: generate\ntest: a.jsonl\nprompt: q\ntarget: a\n", "t.yaml").Kind;
        var model = new AskedModel(Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher")),
            () => throw new InvalidOperationException(), () => throw new AskedAgainException(), (cache, "m"));
        var file = model.Kept<KeptText>([$"{kind.MaxTokens}", .. kind.Stop, "", "Once"])!;

        file.Write([new(0, "a text", 2, GenerationEnd.Length, 0)]);
        Assert.Equal("a text", TextQuestions.Texts(model, kind, [prompt], "t", NullProgress.Instance, default).Single().Text);
        foreach (var wrong in (KeptText[])[new(1, "a", 2, GenerationEnd.Length, 0), new(-1, "a", 2, GenerationEnd.Length, 0),
            new(0, null!, 2, GenerationEnd.Length, 0), new(0, "a", -2, GenerationEnd.Length, 0), new(0, "a", 2, (GenerationEnd)77, 0)])
        {
            file.Write([wrong]);
            Assert.Throws<AskedAgainException>(() => TextQuestions.Texts(model, kind, [prompt], "t", NullProgress.Instance, default));
        }
    }

    [Fact]
    public void Scores_that_somebody_changed_are_not_believed_and_asked_again()
    {
        var file = new ScoreCache(_folder).Of<KeptText>("m", ["q"]);
        file.Write([new(0, "a text", 2, GenerationEnd.Length, 0)]);
        var path = Assert.Single(Directory.GetFiles(_folder, "*.json"));
        Assert.Equal("a text", Assert.Single(file.Read(line => Assert.Fail(line))).Text);
        var text = File.ReadAllText(path);
        foreach (var changed in (string[])[text.Replace("a text", "A text", StringComparison.Ordinal), text[..^9], "[]", "{}"])
        {
            File.WriteAllText(path, changed);
            var told = new List<string>();
            Assert.Empty(file.Read(told.Add));
            Assert.EndsWith("; its contents will be computed again", Assert.Single(told));
            Assert.StartsWith(path, told[0]);
        }
        File.Delete(path);
        Assert.Empty(file.Read(line => Assert.Fail(line)));
    }

    private sealed class AskedAgainException : Exception;
}
