using System.Runtime.CompilerServices;
using Espalier.Cli.Rendering;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Espalier.Cli.Progress;

/// <summary>Beside the bar: how many of how many, the rate, the time that remains (or was taken), and the detail.</summary>
internal sealed class PaceColumn : ProgressColumn
{
    private static readonly ConditionalWeakTable<ProgressTask, Pace> paces = [];

    protected override bool NoWrap => true;

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        if (!paces.TryGetValue(task, out var pace))
            return Text.Empty;
        var time = task.IsFinished ? $"{Units.Time(task.ElapsedTime ?? TimeSpan.Zero)} taken"
            : pace.Remaining is { } remaining ? $"{Units.Time(remaining)} left"
            : "";
        return new Text(Pace.Join(pace.Counted(), pace.Speed(), time, pace.Detail));
    }

    internal static void Attach(ProgressTask task, Pace pace) => paces.Add(task, pace);
}
