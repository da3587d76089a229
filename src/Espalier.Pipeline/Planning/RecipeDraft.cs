using Espalier.Compression.Data;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Files;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Pruning;

namespace Espalier.Pipeline.Planning;

/// <summary>
/// A first recipe for a model and a text: legal, small enough for the text, to be changed by hand. The student keeps about half of the
/// parameters beside the embedding; lengths and numbers fit what text there is.
/// </summary>
internal sealed record RecipeDraft
{
    private const int LongestWindow = 512, ShortestWindow = 8, EnoughWindows = 64, MostSamples = 256, MostBatch = 8;

    // Each window is seen about so many times, within what is worth it.
    private const int Passes = 4, FewestSteps = 20, MostSteps = 1000;

    // English text has about so many bytes a token; only of text that is too long to count.
    private const int BytesOfAToken = 4;

    private const double FairShare = 0.1;
    private const string DocumentBytes = ";document-bytes=";

    private static readonly double[] s_shares = [0.02, 0.05, 0.1, 0.2, 0.4];
    private static readonly int[] s_documents = [0, 2048, 512, 256];

    /// <summary>The teacher's folder.</summary>
    public required string Teacher { get; init; }

    /// <summary>Sources of text.</summary>
    public required IReadOnlyList<string> Train { get; init; }

    public required double HeldOut { get; init; }

    /// <summary>Tokens of a window.</summary>
    public required int Sequence { get; init; }

    /// <summary>Windows to train on, counted or guessed.</summary>
    public required long Windows { get; init; }

    /// <summary>Windows that are held out; null where they were not counted, or there are no documents to hold out.</summary>
    public required long? HeldOutWindows { get; init; }

    /// <summary>Tokens that a window would have with more text.</summary>
    public required int LongestSequence { get; init; }

    public required PruneTarget Target { get; init; }

    /// <summary>Share of the parameters beside the embedding that the student keeps.</summary>
    public required double Kept { get; init; }

    /// <summary>Whether the teacher's folder has text that it wrote.</summary>
    public required bool HasOwnText { get; init; }

    public required IReadOnlyList<ExportKind> Export { get; init; }

    /// <summary>Whether so much goes that the method asks for several cuts, and there are shapes for them.</summary>
    public bool InCycles => Cycles > 1;

    /// <summary>Times that the student is cut and distilled.</summary>
    public required int Cycles { get; init; }

    /// <summary>Calibration samples.</summary>
    public int Samples => (int)Math.Min(MostSamples, Windows);

    /// <summary>Windows a step.</summary>
    public int Batch => (int)Math.Min(MostBatch, Windows);

    /// <summary>Optimizer steps, a multiple of ten.</summary>
    public long Steps => Math.Clamp((Passes * Windows / Batch + 9) / 10 * 10, FewestSteps, MostSteps);

    /// <summary>
    /// What there is too little text for, by what the draft itself would take of more; null where there is enough.
    /// </summary>
    public string? TooLittle
    {
        get
        {
            if (Windows >= EnoughWindows && Sequence == LongestSequence && HeldOutWindows is null or >= 2)
                return null;
            var enough = EnoughWindows * (LongestSequence + 1L);
            var seen = (Steps * Batch + Windows / 2) / Windows;
            string[] lacks =
            [
                $"{Units.Counted(Windows, "window")} of {Sequence} tokens to train on"
                    + (seen > Passes ? $", each seen {seen} times instead of {Passes}" : ""),
                .. Samples < MostSamples ? [$"{Units.Counted(Samples, "sample")} for scoring instead of {MostSamples}"]
                    : Array.Empty<string>(),
                .. HeldOutWindows == 1 ? ["1 held-out window, whose loss has no standard error"] : Array.Empty<string>(),
            ];
            return $"little text: {string.Join("; ", lacks)}. The recipe runs as it is; for full-length windows, give "
                + $"at least {EnoughWindows} of {LongestSequence} tokens: about {Units.Count(enough)} tokens, or "
                + $"{Units.Bytes(enough * BytesOfAToken)} of text";
        }
    }

    /// <summary>Whether texts of one piece are cut into documents, so that some can be held out.</summary>
    public bool CutsDocuments => Train.Any(text => text.Contains(DocumentBytes, StringComparison.Ordinal));

    /// <summary>Drafts a recipe.</summary>
    /// <param name="model">The teacher's Hugging Face folder.</param>
    /// <param name="texts">Sources of text, as <c>data.train</c> takes them, or one file of ids.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="EspalierException">
    /// The model or the text cannot be used, or the text is too short to hold some of it out.
    /// </exception>
    public static RecipeDraft Of(string model, IReadOnlyList<string> texts, CancellationToken stop = default)
    {
        using var teacher = Checkpoint.Open(model, CheckpointFolder.HasWeights(model));
        var tokenizer = texts is [var ids] && DataSection.IsIds(ids) ? null : Tokenizer.Load(model);
        var (train, share, sequence, windows, heldOut) = Cut(texts, teacher.Config, tokenizer, new TextCounter(stop));
        var student = StudentShape.Half(teacher, [ExportKind.Hf]);
        return new()
        {
            Teacher = model,
            Train = train,
            HeldOut = share,
            Sequence = sequence,
            Windows = windows,
            HeldOutWindows = heldOut,
            LongestSequence = Math.Min(LongestWindow, teacher.Config.MaxPositions),
            Target = Sizes(teacher.Config, student),
            Kept = (double)student.NonEmbeddingParameters / teacher.Config.NonEmbeddingParameters,
            Cycles = CyclesOf(teacher.Config, student),
            HasOwnText = File.Exists(Path.Combine(model, NeedStage.SelfWrittenFile)) && TokenizerSource.IsIn(model),
            Export = StudentShape.IsExported(teacher, student, ExportKind.GgufQ8) ? [ExportKind.Hf, ExportKind.GgufQ8] : [ExportKind.Hf],
        };
    }

    // Of a model of a few layers and channels there may be no shapes between that are near enough to each other.
    private static int CyclesOf(DecoderConfig teacher, DecoderConfig student) =>
        Perhaps.Of(() => ShapePath.Gentle(teacher, student, CyclesSection.DefaultLargestCut))?.Count ?? 1;

    /// <summary>The sizes that differ, so that the recipe says what is cut.</summary>
    private static PruneTarget Sizes(DecoderConfig teacher, DecoderConfig student) =>
        PruneTarget.Between(teacher, student) with { Multiple = null };

    /// <summary>
    /// How the text is cut: windows as long as the model and the text allow, and the smallest share held out that is at least one of them.
    /// </summary>
    private static (IReadOnlyList<string> Train, double Share, int Sequence, long Windows, long? HeldOut) Cut(
        IReadOnlyList<string> texts, DecoderConfig teacher, Tokenizer? tokenizer, TextCounter counter)
    {
        EspalierException? refused = null;
        // Text is rather cut into smaller documents than much of it held out.
        foreach (var (documents, most) in s_documents.SelectMany(documents => new[] { (documents, FairShare) })
            .Append((s_documents[^1], s_shares[^1])))
        {
            string[] train = [.. texts.Select(text => documents > 0 && IsPlainText(text) ? $"{text}{DocumentBytes}{documents}" : text)];
            for (var sequence = Math.Min(LongestWindow, teacher.MaxPositions); sequence
                >= Math.Min(ShortestWindow, teacher.MaxPositions); sequence /= 2)
                foreach (var share in s_shares.Where(share => share <= most))
                    try
                    {
                        var (trained, heldOut) =
                            counter.OfData(new() { Train = train, HeldOut = share, Sequence = sequence }, tokenizer,
                                teacher.VocabularySize);
                        var windows = Guess(trained) / (sequence + 1);
                        var held = heldOut?.Windows(sequence, WindowStride.Contiguous);
                        var fits = windows >= 1 && held is null or >= 1;
                        // Shorter windows are worth it only where there would be few.
                        if (fits && (windows >= EnoughWindows || sequence / 2 < ShortestWindow))
                            return (train, share, sequence, windows, heldOut?.IsExact == true ? held : null);
                    }
                    // Another cut may do; what else is wrong with the text stays wrong.
                    catch (OneSidedSplitException)
                    {
                    }
                    catch (EspalierException error)
                    {
                        refused ??= error;
                    }
        }
        throw refused
            ?? new EspalierException(
                $"{string.Join(", ", texts)}: is too short to train on some documents and hold out others; give more text "
            + "(each record is one document)");
    }

    private static long Guess(TextSize? size) =>
        size is null ? long.MaxValue / 1024 : size.IsExact ? size.Tokens : size.Tokens / BytesOfAToken / BytesOfAToken;

    /// <summary>Whether documents of the source can be cut smaller: of plain text, not of records.</summary>
    private static bool IsPlainText(string text) =>
        !text.Contains(';', StringComparison.Ordinal)
            && (FileKinds.Of(text) == FileKind.Text || FileKinds.Of(text) is null && File.Exists(text));
}
