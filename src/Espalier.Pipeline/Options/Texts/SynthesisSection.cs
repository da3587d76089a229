using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Synthesis;

namespace Espalier.Pipeline.Options.Texts;

/// <summary>Keys of the texts that a teacher writes; their record is <see cref="SynthesisOptions"/>.</summary>
internal static class SynthesisSection
{
    public static IReadOnlyList<Key<SynthesisOptions>> Keys { get; } =
    [
        new Key<SynthesisOptions, string?>("prompts", Kinds.Text("FILE"), s => s.Prompts, (s, file) => s with { Prompts = file })
        {
            Help = "Prompts that the teacher answers, through its chat template where it has one: a line of text each, or JSON lines with "
                + "prompt or messages",
            Page = """
                A file of prompts that the teacher answers, through its chat template where it has one: a line of text each, or JSON lines
                (`.jsonl`) with `prompt`, `instruction`, `question`, `text` or `messages`. An `id` is kept.
                """,
        },
        new Key<SynthesisOptions, IReadOnlyList<string>>(
            "documents", Kinds.Texts("TEXT"), s => s.Documents, (s, sources) => s with { Documents = sources })
        {
            Help = "Documents that the teacher goes on from the beginnings of: sources as of data.train",
            Page = "Or documents, of which the teacher reads the beginning and goes on from there: sources as of `data.train`.",
            Useless = s => s.Prompts is null ? null : "there are prompts already; give one of the two",
            IsMoot = s => s.Documents.Count == 0,
        },
        new Key<SynthesisOptions, int?>("count", Kinds.Size().OrAbsent(), s => s.Count, (s, count) => s with { Count = count })
        {
            Help = "Texts that are written, of which the filters keep some; by default one a prompt, else 1000. Beyond the prompts or "
                + "documents that there are, they begin anew",
            PageDefault = "one a prompt, else 1000",
            Page = "Texts that are written, of which the filters keep some. Beyond the prompts or documents that there are, they begin "
                + "anew.",
        },
        new Key<SynthesisOptions, int>("beginning", Kinds.Size(), s => s.Beginning, (s, tokens) => s with { Beginning = tokens })
        {
            Help = "Tokens of a document that are its beginning, of a short one at most half",
            Page = "Tokens of a document that are its beginning; of a short one at most half.",
            Useless = s => s.Documents.Count > 0 ? null : "it is for documents, and none are named; leave it out",
        },
        new Key<SynthesisOptions, string?>("system", Kinds.Text("TEXT"), s => s.System, (s, text) => s with { System = text })
        {
            Help = "What the system says before each prompt that has no system message",
            PageDefault = "nothing",
            Page = "What the system says before each prompt that has no system message of its own.",
            Useless = s => s.Prompts is not null ? null : "it is for prompts, and none are named; leave it out",
        },
        new Key<SynthesisOptions, bool>("plain", Kinds.Flag, s => s.Plain, (s, plain) => s with { Plain = plain })
        {
            Help = "Go on from prompts as they stand, though the teacher has a chat template",
            Page = "Whether the teacher goes on from prompts as they stand, though it has a chat template.",
            Useless = s => s.Prompts is not null ? s.System is null ? null
                : "a system message goes through the chat template; leave one out"
                : "it is for prompts, and none are named; leave it out",
        },
        new Key<SynthesisOptions, double>(
            "temperature", Kinds.Number("T", Limits.From(0)), s => s.Temperature, (s, t) => s with { Temperature = t })
        {
            Help = "Sharpness of the choice: 1 is the teacher's own distribution, 0 always the likeliest",
            Page = "Sharpness of the choice: 1 is the teacher's own distribution, 0 always the likeliest token.",
        },
        new Key<SynthesisOptions, int>("top-k", Kinds.Size(least: 0), s => s.TopK, (s, k) => s with { TopK = k })
        {
            Help = "Only the N likeliest tokens, 0 is all",
            Page = "Only so many of the likeliest tokens; 0 is all.",
        },
        new Key<SynthesisOptions, double>("top-p", Kinds.Number("P", Limits.Above(0).UpTo(1)), s => s.TopP, (s, p) => s with { TopP = p })
        {
            Help = "Only the likeliest tokens whose probabilities add up to P, 1 is all",
            Page = "Only the likeliest tokens whose probabilities add up to this; 1 is all.",
        },
        new Key<SynthesisOptions, double>("repetition-penalty", Kinds.Number("X", Limits.Above(0)), s => s.RepetitionPenalty,
            (s, x) => s with { RepetitionPenalty = x })
        {
            Help = "What logits of tokens that stand in the text already are divided by, 1 is off",
            Page = "What logits of tokens that stand in the text already are divided by; 1 is off.",
        },
        new Key<SynthesisOptions, int>("max-tokens", Kinds.Size(), s => s.MaxTokens, (s, tokens) => s with { MaxTokens = tokens })
        {
            Help = "Tokens of a text at most; the teacher's positions end it too",
            Page = "Tokens of a text at most; the teacher's positions end it too.",
        },
        new Key<SynthesisOptions, int>("batch", Kinds.Size(most: 1024), s => s.Batch, (s, texts) => s with { Batch = texts })
        {
            Help = "Texts written at once; changes none of them",
            Page = "Texts that are written at once; changes none of them.",
            Stage = InStageKey.Never,
        },
        new Key<SynthesisOptions, bool>(
            "keep-unfinished", Kinds.Flag, s => s.KeepUnfinished, (s, keep) => s with { KeepUnfinished = keep })
        {
            Help = "Keep texts that were cut by their length, and not ended by the teacher",
            Page = "Whether texts are kept that were cut by their length, and not ended by the teacher.",
        },
        new Key<SynthesisOptions, int?>(
            "min-tokens", Kinds.Size().OrAbsent(), s => s.MinTokens, (s, tokens) => s with { MinTokens = tokens })
        {
            Help = "Fewest tokens of a text that is kept; by default 1 of an answer, 16 of another text",
            PageDefault = "1 of an answer, else 16",
            Page = "Fewest tokens of a text that is kept.",
        },
        new Key<SynthesisOptions, double>(
            "min-perplexity", Kinds.Number("X", Limits.From(1)), s => s.MinPerplexity, (s, least) => s with { MinPerplexity = least })
        {
            Help = "Lowest perplexity of a text that is kept, under the teacher at temperature 1; 1 is any",
            PageDefault = "1, any",
            Page = "Lowest perplexity of a text that is kept, under the teacher at temperature 1.",
        },
        new Key<SynthesisOptions, double?>("max-perplexity", Kinds.Number("X", Limits.From(1)).OrAbsent(), s => s.MaxPerplexity,
            (s, most) => s with { MaxPerplexity = most })
        {
            Help = "Highest perplexity of a text that is kept; by default any",
            PageDefault = "any",
            Page = "Highest perplexity of a text that is kept.",
            Refused = (s, most) => most < s.MinPerplexity ? "it must be at least min-perplexity" : null,
        },
        new Key<SynthesisOptions, double>(
            "max-repetition", Kinds.ShareOf(Limits.From(0).UpTo(1)), s => s.MaxRepetition, (s, share) => s with { MaxRepetition = share })
        {
            Help = "Highest share of stretches of four tokens that came before in the same text; 1 is any",
            PageDefault = "30%",
            Page = "Highest share of stretches of four tokens that came before in the same text (seq-rep-4, arXiv 1908.04319); 100% is "
                + "any.",
        },
        new Key<SynthesisOptions, bool>(
            "keep-duplicates", Kinds.Flag, s => s.KeepDuplicates, (s, keep) => s with { KeepDuplicates = keep })
        {
            Help = "Keep texts that are equal to an earlier one, prompts included",
            Page = "Whether texts are kept that are equal to an earlier one, prompts included.",
        },
        new Key<SynthesisOptions, double?>("near-duplicates", Kinds.Number("X", Limits.Above(0).UpTo(1)).Or("keep"), s => s.NearDuplicates,
            (s, threshold) => s with { NearDuplicates = threshold })
        {
            Help = "Similarity to an earlier text from which on one is dropped: common over all different rows of five words; keep drops "
                + "none",
            Page = """
                Similarity to an earlier text from which on one is dropped: common over all different rows of five words (Jaccard, found by
                MinHash). `keep` drops none.
                """,
        },
        new Key<SynthesisOptions, string?>("language", Kinds.Text("CODE"), s => s.Language, (s, code) => s with { Language = code })
        {
            Help = "Keep texts of one language alone, by its code of ISO 639-1 (en, de, zh): found by script and commonest words",
            PageDefault = "any",
            Page = "Only texts of one language, by its code of ISO 639-1 (`en`, `de`, `zh`): found by script and commonest words.",
        },
        new Key<SynthesisOptions, IReadOnlyList<string>>(
            "decontaminate", Kinds.Texts("TASK|TEXT,..."), s => s.Decontaminate, (s, names) => s with { Decontaminate = names })
        {
            Help = "Drop texts that share 13 words in a row with these: benchmarks by name or file, or texts",
            PageDefault = "the benchmarks of `evaluate`",
            Page = """
                Benchmarks (by name or `.yaml` file) or texts: what shares 13 words in a row with them is dropped. A recipe's own benchmarks
                are always among them.
                """,
            IsMoot = s => s.Decontaminate.Count == 0,
        },
    ];

    public static Section Section { get; } = new("synthesize", Keys);

    /// <summary>Whether a name of <c>decontaminate</c> is a path that a recipe may have to locate.</summary>
    public static bool IsPath(string name) => TaskSection.IsTaskFile(name) || Path.Exists(DocumentSource.PathOf(name))
        || name.AsSpan().ContainsAny('/', '.', '*');
}
