using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Gguf;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Planning;

/// <summary>Something that the run writes.</summary>
/// <param name="What">Its name.</param>
/// <param name="Bytes">Its size, without headers, tokenizer and logs.</param>
/// <param name="Stage">The stage that writes it, with its cycle and round where there are several (<see cref="StageForecast.Title"/>).</param>
public sealed record DiskForecast(string What, long Bytes, string Stage)
{
    // Weights and two moments in float32.
    private const int CheckpointBytes = 12;

    /// <summary>All that a recipe writes, tokenized text aside.</summary>
    internal static IReadOnlyList<DiskForecast> Of(Recipe recipe, Family family, DecoderConfig teacher, IReadOnlyList<PlannedCycle> cycles, ElementType stored)
    {
        var files = new List<DiskForecast>();
        var isParallel = recipe.Correction.Mode == CorrectMode.Parallel;
        if (recipe.Correct is not null && !isParallel)
            files.Add(new("checkpoints of correct", Checkpoints(recipe.Correct) * CheckpointBytes * teacher.Parameters, "correct"));
        if (recipe.Correct is not null)
            files.Add(new("corrected teacher", stored.Bytes() * teacher.Parameters, isParallel ? "distill" : "correct"));
        foreach (var cycle in cycles)
        {
            foreach (var round in cycle.Rounds)
                files.Add(new(
                    StageForecast.TitleOf("pruned student", cycle.Number, round.Number), stored.Bytes() * round.To.Parameters, StageForecast.TitleOf("prune", cycle.Number, round.Number)));
            if (recipe.Distill is { } training)
                files.Add(new(
                    StageForecast.TitleOf("checkpoints of distill", cycle.Number),
                    Checkpoints(training) * CheckpointBytes * (cycle.To.Parameters + (isParallel ? teacher.Parameters : 0)), StageForecast.TitleOf("distill", cycle.Number)));
        }
        var student = cycles[^1].To;
        // At most: windows that are seen twice are kept once.
        if (recipe.Distill is { Cache: { } cache } distill)
            files.Add(new("teacher's distributions", (long)(CacheForecast.Of(cache, teacher, recipe.Data.Sequence).BytesOfAToken * distill.Steps * distill.Batch * recipe.Data.Sequence), "cache"));
        foreach (var kind in recipe.Export)
            files.Add(new($"student, {EnumName.Of(kind)}", kind switch
            {
                ExportKind.Hf => stored.Bytes() * student.Parameters,
                ExportKind.GgufF32 => Gguf(family, student, GgufType.F32),
                ExportKind.GgufF16 => Gguf(family, student, GgufType.F16),
                ExportKind.GgufBf16 => Gguf(family, student, GgufType.BF16),
                _ => Gguf(family, student, GgufType.Q8_0),
            }, "export"));
        return files;
    }

    // Two stay and a third is written before one of them goes; where training evaluates, the best stays too.
    private static int Checkpoints(TrainingSection section) => section.EvaluateEvery > 0 ? 4 : 3;

    // Vectors stay float32, and rows that are no whole number of blocks become float16: GgufExporter's rules.
    private static long Gguf(Family family, DecoderConfig config, GgufType type) => family.Parameters(config).Sum(parameter =>
    {
        var shape = parameter.Shape;
        var elements = shape.Aggregate(1L, (product, size) => product * size);
        var actual = shape.Length == 1 ? GgufType.F32 : shape[^1] % type.BlockSize() != 0 ? GgufType.F16 : type;
        return actual.RowBytes(elements);
    });
}
