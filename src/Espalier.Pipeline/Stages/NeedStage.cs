using System.Text.Json;
using System.Text.Json.Nodes;
using Espalier.Compression;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Stages;

/// <summary>Whether the teacher needs correction: its loss beyond its own expectation on held-out text against that on a reference.</summary>
public static class NeedStage
{
    internal const string SelfWrittenFile = "self-written.jsonl";

    /// <summary>The name of a reference that the teacher wrote.</summary>
    public const string OwnText = "what it wrote itself";

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Tests, or reads what an earlier start found.</summary>
    /// <param name="run">The run.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="section">Reference and threshold.</param>
    /// <param name="data">Tokens; the held-out ones are looked at.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="vocabulary">Ids are below it.</param>
    /// <param name="seed">Of text that the teacher writes now.</param>
    public static NeedResult Run(RunContext run, ModelFolder teacher, CorrectionSection section, TokenSets data, int sequence, int vocabulary, long seed)
    {
        var heldOut = data.HeldOut ?? throw new EspalierException("correct: auto needs held-out text and data.held-out is 0: hold out a share, or say yourself whether to correct");
        var inputs = new Dictionary<string, string> { ["teacher"] = teacher.Hash, ["data"] = data.Hash };
        var options = new JsonObject { ["sequence"] = sequence, ["threshold"] = section.Threshold };
        var reference = ReferenceOf(run, teacher, section.Reference, vocabulary);
        if (reference is { } given)
            (inputs["reference"], options["reference"]) = (given.Hash, given.Name);
        else
            options["seed"] = seed;
        try
        {
            var record = run.Do("need", options, inputs, (_, _) =>
            {
                using var model = teacher.Load();
                var (tokens, name) = reference is { } there ? (there.Tokens, there.Name) : (Written(run.Progress, model, TokenizerOf(teacher.Path), sequence, seed, run.Stop), OwnText);
                var result = NeedTest.Run(model, new TokenRange(heldOut, 0, heldOut.Count), "held-out text", tokens, name, sequence, section.Threshold, run.Progress, run.Stop);
                return (JsonObject)JsonSerializer.SerializeToNode(result, s_json)!;
            });
            var found = record.Result.Deserialize<NeedResult>(s_json)!;
            run.Progress.Note($"need: {found.Why}");
            return found;
        }
        finally
        {
            (reference?.Tokens as IDisposable)?.Dispose();
        }
    }

    /// <summary>The reference where there is one: that of the recipe, else what lies in the teacher's folder.</summary>
    public static string? ReferencePath(string teacher, string? given) =>
        given ?? (File.Exists(Path.Combine(teacher, SelfWrittenFile)) && File.Exists(Path.Combine(teacher, "tokenizer.json")) ? Path.Combine(teacher, SelfWrittenFile) : null);

    /// <summary>The tokenizer of a folder, where it has one.</summary>
    public static Tokenizer? TokenizerOf(string folder) => File.Exists(Path.Combine(folder, "tokenizer.json")) ? Tokenizer.Load(folder) : null;

    private static (ITokens Tokens, string Hash, string Name)? ReferenceOf(RunContext run, ModelFolder teacher, string? given, int vocabulary)
    {
        if (ReferencePath(teacher.Path, given) is not { } path)
            return null;
        if (path != DotnetDocs.Name && !RecipePaths.IsThere(path))
            throw new EspalierException($"correct.reference: {path} does not exist; name a text that the teacher is at home in, or leave it out");
        var (tokens, hash, _) = DataStage.OfText(run, "reference", path, teacher.Path, vocabulary);
        return (tokens, hash, given is null ? OwnText : Path.GetFileName(path));
    }

    /// <summary>A reference that the teacher writes now, and word of what that costs.</summary>
    public static ITokens Written(IProgressReporter progress, Models.Decoder model, Tokenizer? tokenizer, int sequence, long seed, CancellationToken stop)
    {
        var tokens = NeedTest.WrittenWindows * Math.Min(sequence, NeedTest.MostSequence) + 1;
        progress.Note($"need: there is no text that the teacher is at home in, so it writes {tokens} tokens itself: that many passes of one token; a reference costs none");
        return SelfWritten.Write(model, tokens, Math.Min(sequence, NeedTest.MostSequence), seed, tokenizer, progress, stop);
    }
}
