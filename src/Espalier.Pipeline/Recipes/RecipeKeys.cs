using Espalier.Compression.Training.Speeds;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes.Rules;

namespace Espalier.Pipeline.Recipes;

/// <summary>The keys of a recipe's top level; those of its sections stand beside their records.</summary>
internal static class RecipeKeys
{
    /// <summary>The keys. A section is read after those that its rules look at.</summary>
    public static IReadOnlyList<Key<Recipe>> Keys { get; } =
    [
        new Key<Recipe, string?>("teacher", Kinds.Text("FOLDER"), s => s.Teacher, (s, folder) => s with { Teacher = folder! })
        {
            Page = "The teacher's Hugging Face folder. For planning, a `config.json` in it is enough.",
            IsRequired = true,
            Missing = _ => "teacher: models/quickstart-teacher",
            Turn = 7,
        },
        new Key<Recipe, string?>("output", Kinds.Text("FOLDER"), s => s.Output, (s, folder) => s with { Output = folder })
        {
            PageDefault = "`runs/NAME`, after the recipe's name",
            Page = "The run folder, relative to the current directory.",
            IsCanonical = false,
            Turn = 7,
        },
        new Key<Recipe, long>("seed", Kinds.Seed, s => s.Seed, (s, seed) => s with { Seed = seed })
        {
            Page = "Seed of the data order and of random choices: a whole number from 0.",
            Turn = 7,
        },
        Part("data", DataSection.Section, 0, s => DataSection.Keys.Canonical(s.Data), (fields, s) => s with
        {
            Data = DataSection.Keys.Read(fields.Section("data") ?? throw fields.Missing("data", DataSection.Example), new()),
        }, "required", "The training text, below.", isRequired: true),
        Part(
            "correct", CorrectionSection.Section, 2, CorrectionRules.Canonical, CorrectionRules.Read, "`never`",
            "Teacher correction, below. `never` leaves the teacher as it is, `auto` tests whether it needs correction."),
        Part("score", ScoreSection.Section, 4, s => ScoreSection.Keys.Canonical(s.Score), (fields, s) => s with
        {
            Score = fields.Section("score") is { } section ? ScoreSection.Keys.Read(section, new()) : new(),
        }, "as below", "How units are scored."),
        Part(
            "search", SearchSection.Section, 5, s => s.Search is null ? null : SearchSection.Keys.Canonical(s.Search),
            SearchRules.Read, "none", "Search for the student's shape, instead of sizes under `prune`, below."),
        Part("prune", PruneSection.Section, 6, s => PruneSection.Keys(s.Search is not null).Canonical(s.Prune), (fields, s) => s with
        {
            Prune = PruneSection.Read(fields, s.Search is not null),
        }, "required unless there is a `search`", "The student's shape, below."),
        Part(
            "cycles", CyclesSection.Section, 8, s => s.Cycles is null ? null : CyclesSection.Keys.Canonical(s.Cycles),
            CyclesRules.Read, "one", "Prune and distil in several cycles, below."),
        Part("distill", TrainingSection.Distill, 1, s => s.Distill is null ? "never"
            : s.Distill.Canonical(withLoss: true), (fields, s) => s with
        {
            Distill = fields.Holds("distill") ? TrainingSection.Read(fields.Section("distill")!, new(s.Data.Sequence, HasLoss: true))
                : null,
        }, "`never`", "How the student is trained, below. `never` leaves it as pruned."),
        Part(
            "synthesize", SynthesisSection.Section, 8, s => s.Synthesize is null ? null : SynthesisSection.Keys.Canonical(s.Synthesize),
            (fields, s) => s with
            {
                Synthesize = fields.Section("synthesize") is { } section ? SynthesisSection.Keys.Read(section, new()) : null,
            }, "none", "Texts that the teacher writes once the student is trained, below."),
        new Key<Recipe, IReadOnlyList<AlignSection>>("align", AlignList.Kind, s => s.Align, (s, steps) => s with { Align = steps })
        {
            Page = "Alignment steps, applied in order to the trained student: one or a list, below.",
            IsLater = true,
            Turn = 1,
            Reader = (fields, s) => s with { Align = AlignList.Read(fields, s.Data.Sequence) },
            IsMoot = s => s.Align.Count == 0,
        },
        new Key<Recipe, Evaluations>("evaluate", EvaluationList.Kind, s => new(s.Evaluate, s.Tasks),
            (s, list) => s with { Evaluate = list.Texts, Tasks = list.Tasks })
        {
            Page = """
                What teacher and student are evaluated on: a list of `held-out` (the held-out part of `data.train`), `teacher-domain`
                (documents that the teacher wrote: `self-written.jsonl` in its folder, or `{ teacher-domain: PATH }`), `{ NAME: PATH }` for
                texts or ids of your own (a name consists of a-z, 0-9 and `-`, and is not `task`), and [benchmarks](#benchmarks): names
                such as `mmlu`, files that end in `.yaml`, and `{ task: gsm8k, limit: 200 }`.
                """,
            Turn = 3,
        },
        new Key<Recipe, ComputeChoice>("evaluate-compute", Kinds.Choice(ComputeChoices.Names), s => s.EvaluateCompute,
            (s, compute) => s with { EvaluateCompute = compute })
        {
            Page = """
                The type in which products with weights are computed when the loss on held-out and other texts is measured, during training
                too: `float32`, `bfloat16`, or `auto`, which is bfloat16 if the processor has units for it. Norms, attention's own products
                and the losses are always float32. All models of a run are measured the same way. A search and the benchmarks always use
                float32.
                """,
            IsLater = true,
            Turn = 4,
        },
        new Key<Recipe, string?>("benchmarks", Kinds.Text("FOLDER"), s => s.Benchmarks, (s, folder) => s with { Benchmarks = folder })
        {
            PageDefault = "`ESPALIER_BENCHMARKS`, otherwise `benchmarks`",
            Page = "The folder of the benchmarks' files. The files of a task of your own are looked for beside its `.yaml` first.",
            IsLater = true,
            IsMoot = s => !s.AllTasks.Any() && s.Score.Task is null,
            Turn = 4,
        },
        new Key<Recipe, IReadOnlyList<ExportKind>>("export", Exports, s => s.Export, (s, kinds) => s with { Export = kinds })
        {
            Page = """
                What is written at the end: a list of `hf` (the Hugging Face folder), `gguf-f32`, `gguf-f16`, `gguf-bf16`, `gguf-q8_0`,
                `gguf-q6_k`, `gguf-q5_k_m`, `gguf-q5_0`, `gguf-q4_k_m`, `gguf-q4_0`. Before anything is computed, the student's shape is
                checked against what other programs derive from its `config.json` (see [export](commands.md#export)), and GGUF files that
                the family does not have are refused. Before the stage is done, the folder is loaded again and its logits are compared.
                """,
            Turn = 9,
        },
        new Key<Recipe, bool>("clamp", Kinds.FlagAsText, s => s.Clamp, (s, clamps) => s with { Clamp = clamps })
        {
            Page = """
                What to do with a trained weight that an exported type cannot hold (above 65504 in F16): `false` refuses it and names the
                tensor, position and value; `true` writes the type's largest number instead and warns how many there were.
                """,
            IsLater = true,
            Turn = 9,
        },
        new Key<Recipe, int>("imatrix", Kinds.Size(least: 0), s => s.Imatrix, (s, windows) => s with { Imatrix = windows })
        {
            Page = """
                How many windows of text the student reads before its GGUF files are written, so that each weight's error is weighted by
                the mean square of the inputs of its column (llama.cpp's importance matrix). The windows are the first ones of
                `data.calibration`, otherwise of the training text. 128 are enough; it matters most at four and five bits. `0` weights all
                errors equally.
                """,
            Reader = ReadImatrix,
            IsLater = true,
            IsMoot = s => s.Imatrix == 0,
            Turn = 10,
        },
    ];

    /// <summary>The top level.</summary>
    public static Section Section { get; } = new("", Keys) { OneOf = ["prune", "search"] };

    private static Recipe ReadImatrix(SectionFields fields, Recipe recipe)
    {
        if (fields.Size("imatrix", 0) is not { } windows)
            return recipe;
        return windows == 0 || recipe.Export.Any(kind => kind != ExportKind.Hf) ? recipe with { Imatrix = windows }
            : throw fields.Wrong("imatrix", "it is for GGUF files, but export lists none; add one, such as gguf-q4_k_m, or leave it out");
    }

    private static Kind<IReadOnlyList<ExportKind>> Exports => new(
        "KIND,KIND",
        (fields, key) =>
        {
            var kinds = fields.Texts(key)!.Select(name => fields.Choice<ExportKind>(key, name)).ToList();
            return kinds.GroupBy(kind => kind).FirstOrDefault(group => group.Count() > 1) is { } twice
                ? throw fields.Wrong(key, $"{EnumName.Of(twice.Key)} appears twice; keep one") : kinds;
        },
        kinds => Kinds.List(kinds.Select(EnumName.Of)),
        () => Schemas.OneOrMore(Schemas.Words(Enum.GetValues<ExportKind>().Select(EnumName.Of))));

    /// <summary>A section, null in canonical texts where there is none.</summary>
    private static Key<Recipe, JsonNode?> Part(
        string name, Section section, int turn, Func<Recipe, JsonNode?> canonical, Func<SectionFields, Recipe, Recipe> read,
        string byDefault, string page,
        bool isRequired = false) =>
        new(name, Kinds.Section<JsonNode?>(section, _ => null, _ => null), _ => null, (s, _) => s)
        {
            PageDefault = byDefault,
            Page = page,
            IsRequired = isRequired,
            Turn = turn,
            Reader = read,
            IsMoot = s => canonical(s) is null,
            CanonicalValue = canonical,
        };
}
