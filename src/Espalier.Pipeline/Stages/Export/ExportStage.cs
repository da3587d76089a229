using System.Diagnostics;
using Espalier.Compression.Importance;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Families;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Runtimes;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Export;

/// <summary>
/// The deployable result: a Hugging Face folder, such as <c>student/</c> at the top of the run folder, and GGUF files beside it.
/// </summary>
/// <param name="folder">The Hugging Face folder to make; GGUF files get its name with <c>-TYPE.gguf</c> after it.</param>
/// <param name="trained">The model to export.</param>
/// <param name="result">The exported model's name in tables.</param>
/// <param name="stored">Element type of the folder's weights.</param>
/// <param name="kinds">
/// What to write beside the Hugging Face folder. GGUF files are made from <paramref name="trained"/> itself, not from weights that were
/// rounded for the folder.
/// </param>
/// <param name="clamp">Whether weights beyond a type's range become its largest number instead of being refused.</param>
/// <param name="sequence">Tokens of a window, for the forecast.</param>
internal sealed class ExportStage(string folder, ModelSlot trained, string result, ElementType stored, IReadOnlyList<ExportKind> kinds,
    bool clamp, int sequence) : Stage
{
    /// <summary>The runtime that stands for GGUF files among the verdicts of <see cref="Preflight"/>.</summary>
    internal const string Gguf = "GGUF";

    private readonly int _sequence = sequence;
    private readonly string _folder = Path.GetFullPath(folder);
    private readonly GgufFormat[] _types = [.. kinds.Where(kind => kind != ExportKind.Hf).Select(TypeOf).Distinct()];
    private RunContext? _run;
    private bool _saidReplaced;

    public override string Name => "export";

    /// <summary>The Hugging Face folder.</summary>
    public ModelSlot Exported { get; } = new(result, trained.Planned, stored);

    /// <summary>Windows whose inputs say what an error costs in GGUF files; 0 for none.</summary>
    public int Imatrix { get; init; }

    /// <summary>The tokens that those are of.</summary>
    public Slot<TokenSets>? Calibration { get; init; }

    public IReadOnlyList<string> Files => [.. _types.Select(type => FileOf(_folder, type))];

    internal override StageForecast? Forecast()
    {
        if (kinds.Count == 0)
            return null;
        var tokens = (long)Imatrix * _sequence;
        return new(Name, string.Join(", ", kinds.Select(EnumName.Of))
            + (IsWeighed ? $"; errors weighted by {Units.Counted(Imatrix, "window")}" : ""), null, IsWeighed ? tokens : null,
            IsWeighed ? trained.Planned.ForwardFlopsPerToken(_sequence) * tokens : null,
            IsWeighed ? TrainingForecast.WeightBytes(trained.Planned) : null)
        { Model = ModelForecast.Of(trained.Planned, _sequence) };
    }

    internal override IEnumerable<DiskForecast> Disk()
    {
        var (config, family) = (trained.Planned, FamilyCatalog.For(trained.Planned.Family, Name));
        return kinds.Select(kind => new DiskForecast(
            $"{result}, {EnumName.Of(kind)}", kind == ExportKind.Hf ? stored.Bytes() * config.Parameters
                : DiskForecast.Gguf(family, config, TypeOf(kind)), Title));
    }

    /// <summary>Writes what is missing or was changed.</summary>
    public override void Run(RunContext run)
    {
        _run = run;
        // Before the record is forgotten that may be all that vouches for them.
        foreach (var output in Files.Prepend(_folder))
            run.Folder.Require(output);
        // The results do not lie in the stage's folder: when they are not what the stage left there, it is done again.
        if (run.RecordOf(Identity) is { } before && Hashes().ToJsonString() != before.Result.ToJsonString())
            run.Forget(Identity);
        base.Run(run);
    }

    protected override JsonObject Options()
    {
        var options = new JsonObject
        {
            ["stored"] = stored.Name(),
            ["gguf"] = new JsonArray([.. _types.Select(type => (JsonNode)type.Name())]),
            ["folder"] = Path.GetRelativePath(_run!.Folder.Path, _folder),
        };
        // Where there is nothing to say, the key is that of runs of earlier versions.
        if (_types.Length > 0)
            options["gguf_from"] = "model";
        if (clamp)
            options["clamp"] = true;
        if (IsWeighed)
            (options["imatrix"], options["tokens"]) = (Imatrix, _sequence);
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("model", trained.Value.Hash);
        if (IsWeighed)
            yield return ("data", Calibration!.Value.Hash);
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        if (Directory.Exists(_folder) && run.Manifest.Stages.Any(entry => entry.Name == Name && entry.Folder != folder.Key.FolderName
            && JsonNode.DeepEquals(StageRecord.Read(RunLayout.StageOf(run.Folder.Path, entry.Folder))?.Options?["folder"],
                folder.Key.Options!["folder"])))
            SayReplaced(run, "");
        run.Folder.Publish([_folder, .. Files], place =>
        {
            var made = Path.Combine(place, Path.GetFileName(_folder));
            using (var source = trained.Value.Open())
                WriteFolder(run, folder, source, made);
            var importance = Importance(run);
            foreach (var (type, file) in _types.Zip(Files))
            {
                run.Progress.Note($"export: {Path.GetFileName(file)}");
                GgufExporter.Export(
                    trained.Value.Path, Path.Combine(place, Path.GetFileName(file)), type, name: Path.GetFileName(_folder), clamp: clamp,
                    importance: importance, cancellation: run.Stop);
            }
        });
        return Hashes();
    }

    internal override void BeforeTraining(RunContext run)
    {
        if (Directory.Exists(_folder) && Directory.EnumerateFileSystemEntries(_folder).Any())
            SayReplaced(run, " when this training is done");
    }

    private void SayReplaced(RunContext run, string when)
    {
        if (!_saidReplaced)
            run.Progress.Warn(
                $"export: {_folder} was written by an earlier run with other options and is replaced{when}; its source stays in the "
                + "run folder, and the same options restore it");
        _saidReplaced = true;
    }

    protected override void Take(RunContext run, StageRecord record, string folder) =>
        Exported.Value = new(result, _folder, (string)record.Result["folder"]!);

    /// <summary>What an export writes: the Hugging Face folder first, then GGUF files beside it.</summary>
    public static IReadOnlyList<string> OutputsOf(string folder, IReadOnlyList<ExportKind> kinds)
    {
        folder = Path.GetFullPath(folder);
        return [folder, .. kinds.Where(kind => kind != ExportKind.Hf).Select(TypeOf).Distinct().Select(type => FileOf(folder, type))];
    }

    /// <summary>
    /// What would stop an export at its end, or make transformers read the folder differently than it is meant, found from the shape alone.
    /// The other programs' differences are reported: there is a way round them.
    /// </summary>
    /// <param name="family">The student's family.</param>
    /// <param name="student">Its shape.</param>
    /// <param name="source">The teacher's config.json, whose other fields stay.</param>
    /// <param name="kinds">What will be written.</param>
    /// <param name="tokenizerFolder">The folder whose tokenizer the student gets: the teacher's.</param>
    /// <returns>
    /// What each program makes of the folder, and under <c>GGUF</c> what those files say less exactly; no weights are read.
    /// </returns>
    /// <exception cref="EspalierException">
    /// A GGUF file that llama.cpp has no words for, or shapes that transformers does not read back.
    /// </exception>
    public static IReadOnlyList<RuntimeVerdict> Preflight(
        Family family, DecoderConfig student, JsonObject source, IReadOnlyList<ExportKind> kinds, string tokenizerFolder)
    {
        var losses = kinds.Any(kind => kind != ExportKind.Hf)
            ? GgufExporter.Check(student, tokenizerFolder, "the student",
                kinds.Where(kind => kind != ExportKind.Hf).Select(TypeOf).Distinct())
            : [];
        IReadOnlyList<RuntimeVerdict> verdicts = [.. Models.Runtimes.Preflight.OfTarget(family, student, source), new(Gguf, losses)];
        if (verdicts.First(verdict => verdict.Runtime == "transformers").Findings.FirstOrDefault(one => one != Transformers.RandomHead)
            is { } finding)
            throw new EspalierException($"export: transformers would not read the student back: {finding}") { ExitCode = 1 };
        return verdicts;
    }

    private void WriteFolder(RunContext run, StageFolder stage, Checkpoint source, string folder)
    {
        // A GGUF file is the way round Ollama's import of folders.
        foreach (var (runtime, findings) in Preflight(source.Family, source.Config, source.RawConfig, kinds, source.Folder)
            .Where(verdict => !(_types.Length > 0 && verdict.Runtime == "Ollama")))
            foreach (var finding in findings)
                run.Progress.Warn($"export: {runtime}: {finding}");
        if (Tokenizer.DisagreementIn(source.Folder) is { } disagreement)
            // The user knows the folder that is written, and not the stage's that it is written from.
            run.Progress.Warn($"export: {disagreement.Replace(source.Folder, _folder, StringComparison.Ordinal)}");
        var narrowing = new Narrowing(clamp);
        CheckpointWriter.Write(folder, source.Config, source, stored, source, new() { Narrowing = narrowing }, run.Stop);
        if (narrowing.Warning is { } warning)
            run.Progress.Warn($"export: {warning}");
        if (ReloadCheck.Fits(source.Config))
        {
            var started = Stopwatch.GetTimestamp();
            ReloadCheck.Require(source, folder, stored, clamp);
            stage.Checks.Add("reloaded, it gives the exported model's logits, rounded to the folder's type");
            stage.AddCheckSeconds(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        else
            run.Progress.Warn(
                $"export: {folder} was not reloaded to compare its logits: that takes "
                    + $"{Units.Memory(ReloadCheck.Bytes(source.Config))} of memory");
    }

    private bool IsWeighed => Imatrix > 0 && _types.Length > 0;

    /// <summary>What an error costs in each column of a matrix, by the inputs that it gets; null where all cost the same.</summary>
    private Func<Parameter, float[]?>? Importance(RunContext run)
    {
        if (!IsWeighed)
            return null;
        using var task = run.Progress.Begin("imatrix", Imatrix, "windows");
        using var decoder = trained.Value.Load();
        return InputSquares.Measure(decoder, null, new(Calibration!.Value.Train, _sequence), Imatrix, windows => task.Advance(windows),
            run.Stop)
            .Costs;
    }

    private static string FileOf(string folder, GgufFormat type) => $"{folder}-{type.Name()}.gguf";

    private JsonObject Hashes()
    {
        var hashes = new JsonObject { ["folder"] = Directory.Exists(_folder) ? ModelCardFile.HashOfModel(_folder) : null };
        foreach (var file in Files)
            hashes[Path.GetFileName(file)] = File.Exists(file) ? ContentHash.OfFile(file) : null;
        return hashes;
    }

    /// <summary>How matrices are stored in a GGUF file.</summary>
    internal static GgufFormat TypeOf(ExportKind kind) => kind switch
    {
        ExportKind.GgufF32 => GgufFormat.F32,
        ExportKind.GgufF16 => GgufFormat.F16,
        ExportKind.GgufBf16 => GgufFormat.BF16,
        ExportKind.GgufQ6K => GgufFormat.Q6_K,
        ExportKind.GgufQ5KM => GgufFormat.Q5_K_M,
        ExportKind.GgufQ5 => GgufFormat.Q5_0,
        ExportKind.GgufQ4KM => GgufFormat.Q4_K_M,
        ExportKind.GgufQ4 => GgufFormat.Q4_0,
        ExportKind.GgufQ8 => GgufFormat.Q8_0,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a GGUF file."),
    };
}
