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
            Help = "Prompts for the teacher to answer, through its chat template if it has one: one line of text each, or JSON lines "
                + "with prompt or messages",
            Page = """
                A file of prompts for the teacher to answer, through its chat template if it has one: one line of text each, or JSON lines
                (`.jsonl`) with `prompt`, `instruction`, `question`, `text` or `messages`. An `id` is kept.
                """,
        },
        new Key<SynthesisOptions, IReadOnlyList<string>>(
            "documents", Kinds.Texts("TEXT"), s => s.Documents, (s, sources) => s with { Documents = sources })
        {
            Help = "Documents whose beginnings the teacher continues: sources as in data.train",
            Page = "Alternatively, documents whose beginnings the teacher continues: sources as in `data.train`.",
            Useless = s => s.Prompts is null ? null : "prompts are also given; keep one of the two",
            IsMoot = s => s.Documents.Count == 0,
        },
        new Key<SynthesisOptions, int?>("count", Kinds.Size().OrAbsent(), s => s.Count, (s, count) => s with { Count = count })
        {
            Help = "Number of texts to write, before filtering; by default one per prompt, otherwise 1000. If there are fewer prompts "
                + "or documents, they are used again",
            PageDefault = "one per prompt, otherwise 1000",
            Page = "Number of texts to write, before filtering. If there are fewer prompts or documents, they are used again.",
        },
        new Key<SynthesisOptions, int>("beginning", Kinds.Size(), s => s.Beginning, (s, tokens) => s with { Beginning = tokens })
        {
            Help = "Tokens of a document that form its beginning; at most half of a short document",
            Page = "Tokens of a document that form its beginning; at most half of a short document.",
            Useless = s => s.Documents.Count > 0 ? null : "it is for documents, but none are given; leave it out",
        },
        new Key<SynthesisOptions, string?>("system", Kinds.Text("TEXT"), s => s.System, (s, text) => s with { System = text })
        {
            Help = "System message for prompts that have none",
            PageDefault = "none",
            Page = "System message for prompts that have none of their own.",
            Useless = s => s.Prompts is not null ? null : "it is for prompts, but none are given; leave it out",
        },
        new Key<SynthesisOptions, bool>("plain", Kinds.Flag, s => s.Plain, (s, plain) => s with { Plain = plain })
        {
            Help = "Continue prompts as they are, even if the teacher has a chat template",
            Page = "Whether the teacher continues prompts as they are, even if it has a chat template.",
            Useless = s => s.Prompts is not null ? s.System is null ? null
                : "a system message goes through the chat template; leave one out"
                : "it is for prompts, but none are given; leave it out",
        },
        new Key<SynthesisOptions, double>(
            "temperature", Kinds.Number("T", Limits.From(0)), s => s.Temperature, (s, t) => s with { Temperature = t })
        {
            Help = "Sampling temperature: 1 is the teacher's own distribution, 0 always picks the likeliest token",
            Page = "Sampling temperature: 1 is the teacher's own distribution, 0 always picks the likeliest token.",
        },
        new Key<SynthesisOptions, int>("top-k", Kinds.Size(least: 0), s => s.TopK, (s, k) => s with { TopK = k })
        {
            Help = "Sample only from the N likeliest tokens; 0 is all",
            Page = "Sample only from this many of the likeliest tokens; 0 is all.",
        },
        new Key<SynthesisOptions, double>("top-p", Kinds.Number("P", Limits.Above(0).UpTo(1)), s => s.TopP, (s, p) => s with { TopP = p })
        {
            Help = "Sample only from the likeliest tokens whose probabilities add up to P; 1 is all",
            Page = "Sample only from the likeliest tokens whose probabilities add up to this; 1 is all.",
        },
        new Key<SynthesisOptions, double>("repetition-penalty", Kinds.Number("X", Limits.RepetitionPenalty),
            s => s.RepetitionPenalty, (s, x) => s with { RepetitionPenalty = x })
        {
            Help = "Divides the logits of tokens that already occur in the text; 1 is off",
            Page = "Divides the logits of tokens that already occur in the text; 1 is off.",
        },
        new Key<SynthesisOptions, int>("max-tokens", Kinds.Size(), s => s.MaxTokens, (s, tokens) => s with { MaxTokens = tokens })
        {
            Help = "Maximum tokens per text; the teacher's positions are a limit too",
            Page = "Maximum tokens per text; the teacher's positions are a limit too.",
        },
        new Key<SynthesisOptions, int>("batch", Kinds.Size(most: 1024), s => s.Batch, (s, texts) => s with { Batch = texts })
        {
            Help = "Texts written at once; does not change them",
            Page = "Texts written at once; does not change them.",
            Stage = InStageKey.Never,
        },
        new Key<SynthesisOptions, bool>(
            "keep-unfinished", Kinds.Flag, s => s.KeepUnfinished, (s, keep) => s with { KeepUnfinished = keep })
        {
            Help = "Keep texts that reached the length limit before the teacher ended them",
            Page = "Whether to keep texts that reached the length limit before the teacher ended them.",
        },
        new Key<SynthesisOptions, int?>(
            "min-tokens", Kinds.Size().OrAbsent(), s => s.MinTokens, (s, tokens) => s with { MinTokens = tokens })
        {
            Help = "Minimum tokens of a kept text; by default 1 for answers, 16 for other texts",
            PageDefault = "1 for answers, otherwise 16",
            Page = "Minimum tokens of a kept text.",
        },
        new Key<SynthesisOptions, double>(
            "min-perplexity", Kinds.Number("X", Limits.From(1)), s => s.MinPerplexity, (s, least) => s with { MinPerplexity = least })
        {
            Help = "Minimum perplexity of a kept text under the teacher at temperature 1; 1 keeps any",
            PageDefault = "1, any",
            Page = "Minimum perplexity of a kept text under the teacher at temperature 1.",
        },
        new Key<SynthesisOptions, double?>("max-perplexity", Kinds.Number("X", Limits.From(1)).OrAbsent(), s => s.MaxPerplexity,
            (s, most) => s with { MaxPerplexity = most })
        {
            Help = "Maximum perplexity of a kept text; by default any",
            PageDefault = "any",
            Page = "Maximum perplexity of a kept text.",
            Refused = (s, most) => most < s.MinPerplexity ? "it must be at least min-perplexity" : null,
        },
        new Key<SynthesisOptions, double>(
            "max-repetition", Kinds.ShareOf(Limits.From(0).UpTo(1)), s => s.MaxRepetition, (s, share) => s with { MaxRepetition = share })
        {
            Help = "Maximum share of four-token sequences that occurred earlier in the same text; 1 keeps any",
            PageDefault = "30%",
            Page = """
                Maximum share of four-token sequences that occurred earlier in the same text (seq-rep-4, arXiv 1908.04319); 100% keeps any.
                """,
        },
        new Key<SynthesisOptions, bool>(
            "keep-duplicates", Kinds.Flag, s => s.KeepDuplicates, (s, keep) => s with { KeepDuplicates = keep })
        {
            Help = "Keep texts that are identical to an earlier one, prompts included",
            Page = "Whether to keep texts that are identical to an earlier one, prompts included.",
        },
        new Key<SynthesisOptions, double?>("near-duplicates", Kinds.Number("X", Limits.Above(0).UpTo(1)).Or("keep"), s => s.NearDuplicates,
            (s, threshold) => s with { NearDuplicates = threshold })
        {
            Help = "Drop texts that are at least this similar to an earlier one: the share of distinct five-word sequences that both "
                + "have; keep drops none",
            Page = """
                Texts that are at least this similar to an earlier one are dropped. Similarity is the share of distinct five-word sequences
                that two texts have in common (Jaccard, found by MinHash). `keep` drops none.
                """,
        },
        new Key<SynthesisOptions, string?>("language", Kinds.Text("CODE"), s => s.Language, (s, code) => s with { Language = code })
        {
            Help = "Keep only texts in one language, by its ISO 639-1 code (en, de, zh), detected by script and most common words",
            PageDefault = "any",
            Page = "Keep only texts in one language, by its ISO 639-1 code (`en`, `de`, `zh`), detected by script and most common words.",
        },
        new Key<SynthesisOptions, IReadOnlyList<string>>(
            "decontaminate", Kinds.Texts("TASK|TEXT,..."), s => s.Decontaminate, (s, names) => s with { Decontaminate = names })
        {
            Help = "Drop texts that share 13 consecutive words with these: benchmarks by name or file, or texts",
            PageDefault = "the benchmarks of `evaluate`",
            Page = """
                Benchmarks (by name or `.yaml` file) or texts. Whatever shares 13 consecutive words with them is dropped. A recipe's own
                benchmarks are always included.
                """,
            IsMoot = s => s.Decontaminate.Count == 0,
        },
    ];

    public static Section Section { get; } = new("synthesize", Keys);

    /// <summary>Whether a name of <c>decontaminate</c> is a path that a recipe may have to locate.</summary>
    public static bool IsPath(string name) => TaskSection.IsTaskFile(name) || Path.Exists(DocumentSource.PathOf(name))
        || name.AsSpan().ContainsAny('/', '.', '*');
}
