using System.Diagnostics;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Synthesis;

/// <summary>
/// Texts that a teacher writes, and the file that those become which are kept. Each text is written down as it is done, in
/// <c>FILE.journal</c>; when all are there, the filters read them in their order and the file is written at once. A start that was killed
/// goes on, and the file has the bytes that it would have had.
/// </summary>
internal sealed record SynthesisRun
{
    private static readonly TimeSpan s_syncEvery = TimeSpan.FromSeconds(1);

    /// <summary>What lines call the teacher.</summary>
    public required string Teacher { get; init; }

    /// <summary>The teacher's hash.</summary>
    public required string Hash { get; init; }

    /// <summary>Its tokenizer.</summary>
    public required Tokenizer Tokenizer { get; init; }

    /// <summary>Ids that end a text.</summary>
    public required IReadOnlySet<int> Ends { get; init; }

    /// <summary>Loads it, where something is to be written; disposed here.</summary>
    public required Func<PackedWeights> Load { get; init; }

    /// <summary>What it writes after.</summary>
    public required PromptList Prompts { get; init; }

    /// <summary>How it writes and what is kept.</summary>
    public required SynthesisOptions Options { get; init; }

    /// <summary>Filters of language and benchmarks.</summary>
    public IReadOnlyList<TextFilter> Filters { get; init; } = [];

    /// <summary>Hash of what texts are decontaminated from; null for nothing.</summary>
    public string? Decontaminated { get; init; }

    /// <summary>Seed of the choices.</summary>
    public required long Seed { get; init; }

    private int Count => Options.Count ?? Prompts.UsualCount;

    /// <summary>What the texts depend on.</summary>
    private JsonObject Written => new()
    {
        ["teacher"] = Hash,
        ["prompts"] = Prompts.Hash,
        ["form"] = EnumName.Of(Prompts.Form),
        ["count"] = Count,
        ["beginning"] = Prompts.Form == SynthesisForm.Text && Options.Documents.Count > 0 ? Options.Beginning : null,
        ["system"] = Options.System,
        ["temperature"] = Options.Temperature,
        ["top_k"] = Options.TopK,
        ["top_p"] = Options.TopP,
        ["repetition_penalty"] = Options.RepetitionPenalty,
        ["max_tokens"] = Options.MaxTokens,
        ["seed"] = Seed,
    };

    /// <summary>All that the file depends on.</summary>
    public JsonObject Settings => new()
    {
        ["texts"] = Written,
        ["filters"] = new JsonObject
        {
            ["unfinished"] = Options.KeepUnfinished ? "keep" : "drop",
            ["min_tokens"] = Options.MinTokens,
            ["min_perplexity"] = Options.MinPerplexity,
            ["max_perplexity"] = Options.MaxPerplexity,
            ["max_repetition"] = Options.MaxRepetition,
            ["duplicates"] = Options.KeepDuplicates ? "keep" : "drop",
            ["near_duplicates"] = Options.NearDuplicates,
            ["language"] = Options.Language,
            ["decontaminate"] = Decontaminated,
        },
    };

    /// <summary>Writes the file, or finishes it, or finds it finished.</summary>
    /// <param name="file">The file; its folder must exist.</param>
    /// <param name="progress">Receives the texts done.</param>
    /// <param name="stop">Stops; texts that are done are kept for the next start.</param>
    /// <exception cref="EspalierException">
    /// The file was made with other settings, or is not one of ours; another process writes it; the disk refused; exit code 1: no text is
    /// kept.
    /// </exception>
    public SynthesisResult Run(string file, IProgressReporter progress, CancellationToken stop)
    {
        var settings = Settings;
        var isBegun = File.Exists(SynthesisRecord.JournalOf(file));
        if (!isBegun && SynthesisRecord.Find(file, settings) is { } known)
            return new(known, 0, 0, 0);
        if (!isBegun && Path.Exists(file))
            throw new EspalierException($"{file}: exists and was not made by synthesize; give another file, or move it away");
        using var journal = Journal.Open(SynthesisRecord.JournalOf(file));
        // Whoever had the journal may have finished, and been killed before it was deleted.
        if (SynthesisRecord.Find(file, settings) is { } finished)
        {
            journal.Delete();
            return new(finished, 0, 0, 0);
        }
        var lines = Begin(journal, file);
        var (texts, tokens, seconds) = WriteMissing(journal, lines, progress, stop);
        var (summary, fact) = Keep(journal, lines, file, stop);
        SynthesisRecord.Write(file, settings, summary, fact);
        journal.Delete();
        return new(summary, texts, tokens, seconds);
    }

    // The journal's line of each text that is there.
    private int[] Begin(Journal journal, string file)
    {
        var lines = new int[Count];
        var header = new JsonObject { ["format_version"] = 1, ["settings"] = Written };
        if (journal.Count == 0)
        {
            journal.Append(JsonSerializer.SerializeToUtf8Bytes(header, PlainJson.Of<JsonObject>()));
            return lines;
        }
        if (JsonNode.Parse(journal.Read(0)) is not JsonObject begun || begun["settings"] is not JsonObject settings)
            throw new EspalierException($"{SynthesisRecord.JournalOf(file)}: is not a journal of synthesize; move it away");
        if (SynthesisRecord.Difference(settings, Written) is { } difference)
            throw new EspalierException($"{file}: was begun with {difference}; use that again, give another file, or delete "
                + $"{Path.GetFileName(SynthesisRecord.JournalOf(file))} to start over");
        for (var line = 1; line < journal.Count; line++)
            lines[TextOf(journal, line).Item] = line;
        return lines;
    }

    private (int Texts, long Tokens, double Seconds) WriteMissing(
        Journal journal, int[] lines, IProgressReporter progress, CancellationToken stop)
    {
        int[] missing = [.. Enumerable.Range(0, lines.Length).Where(item => lines[item] == 0)];
        if (missing.Length == 0)
            return (0, 0, 0);
        using var teacher = Load();
        using var task = progress.Begin("write texts", lines.Length, "texts");
        task.Report(lines.Length - missing.Length);
        var (texts, tokens, started) = (0, 0L, Stopwatch.GetTimestamp());
        var synced = started;
        try
        {
            new TeacherWriter(teacher, Tokenizer, Ends, Options, Seed).Write(Prompts, missing, () => tokens++, text =>
            {
                lines[text.Item] = journal.Count;
                journal.Append(JsonSerializer.SerializeToUtf8Bytes(text, PlainJson.Of<WrittenText>()));
                texts++;
                task.Advance(1, Speed());
                if (Stopwatch.GetElapsedTime(synced) < s_syncEvery)
                    return;
                journal.Sync();
                synced = Stopwatch.GetTimestamp();
            }, stop);
            journal.Sync();
        }
        catch (OperationCanceledException)
        {
            journal.Sync();
            progress.Note($"{lines.Count(line => line > 0)} of {Units.Counted(lines.Length, "text")} are written");
            throw;
        }
        return (texts, tokens, Stopwatch.GetElapsedTime(started).TotalSeconds);

        string Speed() => string.Create(
            CultureInfo.InvariantCulture, $"{tokens / Math.Max(1e-3, Stopwatch.GetElapsedTime(started).TotalSeconds):0} tokens/s");
    }

    private (SynthesisSummary, FileFact) Keep(Journal journal, int[] lines, string file, CancellationToken stop)
    {
        var filters = TextFilters.Of(Options, Prompts.Form, Filters);
        var (dropped, kept, tokens, keptTokens, likelihood) = (new Dictionary<string, int>(), 0, 0L, 0L, 0.0);
        var writer = new SynthesisLines(Prompts.Form, Teacher, Hash, Options, Seed);
        DurableOutput.WriteFile(file, 0, stream =>
        {
            foreach (var (item, line) in lines.Index())
            {
                stop.ThrowIfCancellationRequested();
                var written = new WrittenAfter(Prompts.Prompts[item % Prompts.Prompts.Count], TextOf(journal, line));
                tokens += written.Text.Tokens;
                if (filters.FirstOrDefault(filter => filter.Drops(written)) is { } because)
                {
                    dropped[because.Reason] = dropped.GetValueOrDefault(because.Reason) + 1;
                    continue;
                }
                (kept, keptTokens, likelihood) = (kept + 1, keptTokens + written.Text.Tokens, likelihood + written.Text.LogLikelihood);
                writer.Write(stream, written);
            }
            // The journal stays, for other filters.
            if (kept == 0)
                throw new EspalierException($"{file}: none of {Units.Counted(lines.Length, "text")} is kept: "
                    + string.Join(", ", TextFilters.Reasons.Where(dropped.ContainsKey).Select(reason => $"{dropped[reason]} {reason}"))
                    + $"; loosen these filters: the texts will not be written again ({DroppedTexts.Advice(lines.Length, 0, dropped)})")
                { ExitCode = 1 };
        });
        var summary = new SynthesisSummary(
            lines.Length, kept, new OrderedDictionary<string, int>(
                TextFilters.Reasons.Where(dropped.ContainsKey).Select(reason => KeyValuePair.Create(reason, dropped[reason]))),
            tokens, keptTokens, kept == 0 ? null : Math.Exp(-likelihood / keptTokens));
        return (summary, new(Path.GetFileName(file), new FileInfo(file).Length, ContentHash.OfFile(file)));
    }

    private static WrittenText TextOf(Journal journal, int line) =>
        JsonSerializer.Deserialize(journal.Read(line), PlainJson.Of<WrittenText>())!;
}
