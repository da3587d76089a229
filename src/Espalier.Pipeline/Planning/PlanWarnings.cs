using Espalier.Models.Checkpoints;
using Espalier.Models.Runtimes;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Recipes.Rules;
using Espalier.Pipeline.Stages.Export;

namespace Espalier.Pipeline.Planning;

/// <summary>What a person would want to know before the run begins.</summary>
internal static class PlanWarnings
{
    private const int Multiple = 64;

    public static IReadOnlyList<string> Of(Recipe recipe, bool teacherHasWeights, Checkpoint original, IReadOnlyList<PlannedCycle> cycles,
        IReadOnlyList<string> notChecked)
    {
        var teacher = original.Config;
        var warnings = new List<string>(original.Notes);
        if (!teacherHasWeights)
            warnings.Add(
                $"{recipe.Teacher} has no weights: this can be planned but not run; put the model's "
                    + "files next to its config.json, or set teacher: to the folder that has them");
        warnings.AddRange(notChecked);
        warnings.AddRange(OfCuts(recipe.Prune, cycles));
        AddPrograms(warnings, original, cycles[^1].To, recipe.Export.Any(kind => kind != ExportKind.Hf));
        if (Tokenizer.DisagreementIn(original.Folder) is { } disagreement)
            warnings.Add(disagreement);
        warnings.AddRange(ExportStage.Preflight(original.Family, cycles[^1].To, original.RawConfig, recipe.Export, original.Folder)
            .Where(verdict => verdict.Runtime == ExportStage.Gguf).SelectMany(verdict => verdict.Findings)
            .Select(finding => $"export: {finding}"));
        return [.. warnings.Distinct()];
    }

    /// <summary>Of the cuts alone: a run says that too, before it begins.</summary>
    public static IEnumerable<string> OfCuts(PruneSection prune, IReadOnlyList<PlannedCycle> cycles) =>
        cycles.SelectMany(cycle => OfCycle(prune, cycle).Concat(cycle == cycles[^1] ? OddWidths(cycle) : [])
            .Select(warning => cycle.Number is { } number ? $"cycle {number}: {warning}" : warning));

    /// <summary>Each cycle is trained after its cut, so it is its own cut that counts and not the whole way.</summary>
    private static List<string> OfCycle(PruneSection prune, PlannedCycle cycle)
    {
        var (warnings, from, to) = (new List<string>(), cycle.From, cycle.To);
        // Random weights are not cut, and neither is a shape that is masked.
        if (prune is { Method: not PruneMethod.RandomInit, Sparsity: null })
        {
            AddCut(warnings, 1 - (double)to.NonEmbeddingParameters / from.NonEmbeddingParameters);
            // A group of one unit goes with it.
            foreach (var axis in Axis.Asked.Where(axis => axis != Axis.Layers && axis.IsIn(from) && axis.Grouped?.GroupSizeOf(from) != 1))
                AddAxis(warnings, axis.Key, axis.Of(from), axis.Of(to));
            // Where nothing but layers goes, their share is that of the parameters, which stands there already.
            if ((cycle.From with { Layers = to.Layers, LayerKinds = to.LayerKinds }) != to || 2 * to.Layers < from.Layers)
                AddDepth(warnings, from.Layers, to.Layers);
        }
        return warnings;
    }

    // Nobody serves the models on the way.
    private static List<string> OddWidths(PlannedCycle last)
    {
        var warnings = new List<string>();
        foreach (var axis in Axis.Asked.Where(axis => axis.IsWidth && axis.IsIn(last.From)))
            AddMultiple(warnings, axis.Key, axis.Of(last.To), axis.Of(last.From));
        return warnings;
    }

    private static void AddCut(List<string> warnings, double cut)
    {
        var share = $"{cut * 100:0.#} % of the non-embedding parameters are cut at once";
        if (cut <= 0)
            warnings.Add("prune: the student is as large as the teacher; nothing is cut");
        else if (cut > 0.5)
            warnings.Add($"prune: {share}, more than half: pruning and distilling in several cycles loses less (cycles: auto)");
        else if (cut > 1.0 / 3)
            warnings.Add($"prune: {share}, more than a third: expect to distil longer, or prune and distil in several cycles (cycles: "
                + "auto)");
    }

    private static void AddAxis(List<string> warnings, string axis, int from, int to)
    {
        var cut = $"prune.{axis} {from} to {to} cuts {100.0 * (from - to) / from:0.#} % of that axis";
        if (2 * (from - to) > from)
            warnings.Add($"{cut}, more than half: cut less of it, or prune and distil in several cycles");
        else if (3 * (from - to) > from)
            warnings.Add($"{cut}, more than a third: expect to distil longer");
    }

    // arXiv 2408.11796: 16 of Llama-3.1-8B's 32 layers went and what was left was distilled; it tells of no deeper cut.
    private static void AddDepth(List<string> warnings, int from, int to)
    {
        if (2 * to < from)
            warnings.Add(
                $"prune.layers {from} to {to} keeps fewer than half of the layers, but the deepest cut in the papers is half: "
                    + $"keep at least {(from + 1) / 2}");
        else
            AddAxis(warnings, "layers", from, to);
    }

    // What they make of the teacher already is not this recipe's doing.
    private static void AddPrograms(List<string> warnings, Checkpoint original, DecoderConfig student, bool hasGguf)
    {
        var before = Preflight.OfTarget(original.Family, original.Config, original.RawConfig)
            .ToDictionary(verdict => verdict.Runtime, verdict => verdict.Findings);
        foreach (var (runtime, findings) in Preflight.OfTarget(original.Family, student, original.RawConfig))
            // A GGUF file is the way round Ollama's import of folders.
            if (!(hasGguf && runtime == "Ollama") && findings.Except(before[runtime]).FirstOrDefault() is { } finding)
                warnings.Add($"{runtime}, if you use it, would misread the student: {finding}");
    }

    private static void AddMultiple(List<string> warnings, string axis, int size, int teacher)
    {
        if (size == teacher || size % Multiple == 0)
            return;
        var below = size / Multiple * Multiple;
        var above = below + Multiple;
        var nearest = below == 0 ? $"the nearest is {above}" : above >= teacher ? $"the nearest is {below}"
            : $"the nearest are {below} and {above}";
        warnings.Add($"prune.{axis} {size} is not a multiple of {Multiple}, the width of matrix units; {nearest}");
    }
}
