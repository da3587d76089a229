using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Texts;

/// <summary>Text to tokens: what the training text and the texts to evaluate on have in common.</summary>
/// <param name="sources">Files, folders, patterns.</param>
/// <param name="field">The field of records that holds the text, or null.</param>
/// <param name="heldOut">Share that is kept out of training.</param>
/// <param name="tokenizerFolder">Folder of the tokenizer.</param>
internal abstract class EncodingStage(IReadOnlyList<string> sources, string? field, double heldOut, string tokenizerFolder) : Stage
{
    private Tokenizer? _tokenizer;
    private DocumentSource? _source;
    private HashedFiles? _text;

    /// <summary>Folder of the tokenizer.</summary>
    protected string Folder => tokenizerFolder;

    /// <summary>The tokenizer, once it runs.</summary>
    protected Tokenizer Tokenizer => _tokenizer!;

    /// <summary>What is read, once it runs.</summary>
    protected DocumentSource Source => _source!;

    /// <summary>What of records is read.</summary>
    protected virtual RecordReader Reader => RecordReader.Text;

    /// <summary>The sources as they are read: a word that stands for what an earlier stage made is its file by now.</summary>
    protected virtual IEnumerable<string> Read => sources;

    public override void Run(RunContext run)
    {
        _tokenizer = Tokenizer.Load(tokenizerFolder);
        _source = DocumentSource.Parse(Read, field, run.Folder.Owns, Reader);
        _text = new(() => Source.Files,
            () => ContentHash.OfText(string.Concat(Source.Files.Select(file => $"{Path.GetFileName(file)} {ContentHash.OfFile(file)}\n"))));
        run.Watch(_text);
        base.Run(run);
    }

    protected override JsonObject Options()
    {
        var options = new JsonObject
        {
            ["sources"] = new JsonArray([.. sources.Select(source => (JsonNode)source)]),
            ["held_out"] = heldOut,
        };
        // Without a field the key is what it was before there were fields.
        if (field is not null)
            options["field"] = field;
        return options;
    }

    protected sealed override IEnumerable<(string Name, string Hash)> Inputs() =>
    [
        ("tokenizer", Tokenizer.Sha256),
        ("text", _text!.Hash),
    ];

    /// <summary>All text of a source as a store in the stage's folder.</summary>
    /// <returns>The stage's results.</returns>
    private protected JsonObject EncodeAll(RunContext run, StageFolder folder, string what, string source, int vocabulary)
    {
        using var task = run.Progress.Begin(what, Source.TotalBytes, "bytes");
        var (index, skips) = Corpus.BuildStore(
            new() { Sources = [source], LeaveOut = run.Folder.Owns }, DocumentEncoder.Of(Tokenizer, vocabulary),
            Path.Combine(folder.Path, "tokens"), BytesRead(task), run.Stop);
        ReportSkips(run, what, skips);
        return new() { ["tokens"] = index.Count, ["documents"] = index.Documents };
    }

    /// <summary>Says what was not read, and text that was lost or mended; repetitions and empty documents are only counted.</summary>
    protected void ReportSkips(RunContext run, string what, SkipCounts skips)
    {
        foreach (var note in Source.Notes)
            run.Progress.Note(note);
        if (skips.LostText || skips.RepairedText)
            run.Progress.Warn($"{Source.Description}: skipped or repaired: {skips.Describe()}");
        if (SkipCounts.DoubledBosWarning(skips[SkipReason.DoubledBos]) is { } warning)
            run.Progress.Warn($"{what}: {warning}");
    }

    /// <summary>UTF-8 bytes of text a token.</summary>
    protected static double BytesPerToken(TokenStore store) => (double)store.Index.TextBytes / store.Count;

    /// <summary>Progress in bytes read.</summary>
    private protected static TaskProgress<(long Done, long Total)> BytesRead(IProgressTask task, long before = 0) =>
        new(task, bytes => before + bytes.Done);
}
