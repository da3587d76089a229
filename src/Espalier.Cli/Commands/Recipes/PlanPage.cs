using Espalier.Cli.Commands.Pruning;
using Espalier.Cli.Rendering;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Planning;

namespace Espalier.Cli.Commands.Recipes;

/// <summary>What <c>plan</c> shows to a person.</summary>
internal static class PlanPage
{
    internal static void Show(Page page, RecipePlan plan)
    {
        page.Heading("Models");
        page.Table(Models(plan));
        page.Line();
        if (plan.Search is { } search)
            SearchPage.ShowPlan(page, search);
        page.Heading("Stages");
        page.Table(Stages(plan));
        page.Line("Memory is float32 weights plus, for training, gradients and Adam's moments; activations come on top.");
        page.Line(
            "Whether a long text has enough tokens is known only once it is encoded: all "
                + "stages are checked against it then, before anything is computed.");
        page.Line();
        page.Heading("Shapes near the student's");
        page.Table(Neighbours(plan));
        page.Line();
        page.Heading("Disk");
        var disk = new TextTable("what", ">size");
        foreach (var file in plan.Disk)
            disk.Add(file.What, Units.Bytes(file.Bytes));
        disk.Add("all, at most", Units.Bytes(plan.DiskBytes));
        page.Table(disk);
        page.Line();
        page.Heading("Time, estimated");
        var times = Shown(plan);
        page.Table(Times(times));
        page.Line();
        page.Table(HoursOfStages(times));
        if (times.Any(time => time.Device != DeviceSpeed.Here))
            page.Line("GPUs are listed for comparison; with a CUDA build of libtorch, --device cuda uses one.");
        page.Line(
$"{Units.Count(plan.Tokens)} tokens, {Units.Operations(plan.Flops)}; evaluation and writing come on top. Stage times and their sum "
                + "assume the device's typical speed; the range above is that sum at its highest and at its lowest speed.");
        if (plan.Warnings.Count > 0)
        {
            page.Line();
            page.Heading("Before you start");
            foreach (var warning in plan.Warnings)
                page.Line($"warning: {warning}");
        }
    }

    private static TextTable Models(RecipePlan plan)
    {
        var (teacher, student) = (plan.Teacher, plan.Student);
        var table = new TextTable("", ">teacher", ">student");
        Row("family", model => model.Family);
        foreach (var axis in Axis.Asked.Where(axis => teacher.Sizes[axis] > 0))
            Row(axis.Words, model => $"{model.Sizes[axis]}");
        if (teacher.NumExpertsPerTok is not null)
            Row("experts per token", model => $"{model.NumExpertsPerTok}");
        Row("head_dim", model => $"{model.HeadDim}");
        Row("vocabulary", model => $"{model.VocabSize}{(model.TieWordEmbeddings ? ", tied" : "")}");
        Row("parameters", model => Units.Exact(model.Parameters));
        if (plan.StudentRange is { } range)
            table.Add("  depending on the layers removed", "", $"{Units.Exact(range.Least)} to {Units.Exact(range.Most)}");
        if (teacher.ActiveParameters is not null)
            Row("  active", model => Units.Exact(model.ActiveParameters ?? model.Parameters));
        Row("  embedding", model => Units.Exact(model.EmbeddingParameters));
        Row("  the rest", model => Units.Exact(model.NonEmbeddingParameters));
        Row("weights, float32", model => Units.Bytes(model.WeightBytesFloat32));
        Row("weights, bfloat16", model => Units.Bytes(model.WeightBytesBfloat16));
        Row("KV cache per token, float32", model => Units.Bytes(model.KvCacheBytesPerTokenFloat32));
        Row("KV cache per token, bfloat16", model => Units.Bytes(model.KvCacheBytesPerTokenBfloat16));
        Row("KV cache per text, bfloat16", model => $"{Units.Bytes(model.KvCacheBytesBfloat16)} at {model.KvCacheContext}");
        if (teacher.StateBytesBfloat16 is not null)
            Row($"{(teacher.Sizes[Axis.MambaHeads] is null ? "state" : "Mamba state")} per text, {teacher.StateType}",
                model => Units.Bytes(model.StateBytesBfloat16 ?? 0));
        Row("forward pass per token", model => Units.Operations(model.ForwardFlopsPerToken));
        return table;

        void Row(string name, Func<ModelForecast, string> value) => table.Add(name, value(teacher), value(student));
    }

    private static TextTable Stages(RecipePlan plan)
    {
        var table = new TextTable("stage", ">tokens", ">operations", ">memory", "does");
        foreach (var stage in plan.Stages)
            table.Add(
                stage.Title(),
                stage.Tokens is { } tokens ? Units.Count(tokens) : "",
                stage.Flops is { } flops ? Units.Operations(flops) : "",
                stage.MemoryBytes is { } memory ? Units.Bytes(memory) : "",
                stage.Does);
        return table;
    }

    private static TextTable Neighbours(RecipePlan plan)
    {
        var table = new TextTable("axis", ">size", ">divisible by", ">parameters", ">non-embedding");
        foreach (var near in plan.Neighbours)
            table.Add(near.Axis, $"{near.Size}{(near.Beside is { } with ? $" ({with.Axis} {with.Size})" : "")}", $"{near.Multiple}",
                Units.Exact(near.Parameters), Units.Exact(near.NonEmbeddingParameters));
        return table;
    }

    /// <summary>This machine, and GPUs where the work is worth one: a column of 0 s says nothing.</summary>
    private static TimeForecast[] Shown(RecipePlan plan)
    {
        TimeForecast[] telling = [.. plan.Times.Where(time => time.Device == DeviceSpeed.Here || time.SecondsFrom >= 1)];
        return telling.Length > 0 ? telling : [.. plan.Times];
    }

    private static TextTable HoursOfStages(TimeForecast[] times)
    {
        var table = new TextTable(["stage", .. times.Select(time => $">{time.Device}")]);
        for (var i = 0; i < times[0].Stages.Count; i++)
            table.Add([times[0].Stages[i].Stage, .. times.Select(time => Units.LongTime(time.Stages[i].Hours * 3600))]);
        table.Add(["all", .. times.Select(time => Units.LongTime(time.Seconds))]);
        return table;
    }

    private static TextTable Times(TimeForecast[] times)
    {
        var table = new TextTable("device", ">speed", ">assumed", ">time");
        foreach (var time in times)
            table.Add(
                time.Device,
                time.Gflops >= 10_000 ? $"{time.Gflops / 1000:0} TFLOP/s" : $"{time.Gflops:0} GFLOP/s",
                time.Utilisation == 1 ? "as measured" : $"{time.Utilisation * 100:0} % of it",
                Range(Units.LongTime(time.SecondsFrom), Units.LongTime(time.SecondsTo)));
        return table;
    }

    private static string Range(string from, string to) => from == to ? from : $"{from} to {to}";
}
