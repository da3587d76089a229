using System.Runtime.CompilerServices;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Espalier.Cli.Progress;

/// <summary>Beside the bar: how many of how many, the rate, the time that remains (or was taken), and the detail.</summary>
internal sealed class PaceColumn : ProgressColumn
{
    private static readonly ConditionalWeakTable<ProgressTask, Pace> s_paces = [];

    protected override bool NoWrap => true;

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        if (!s_paces.TryGetValue(task, out var pace))
            return Text.Empty;
        var time = !task.IsFinished && pace.Remaining is { } remaining ? $"{Units.Time(remaining)} left" : "";
        var took = task.IsFinished ? $" in {Units.Time(task.ElapsedTime ?? TimeSpan.Zero)}" : "";
        var (done, speed) = ($"{pace.Counted()}{took}", pace.Speed());
        return new Text(Fitting(RoomFor(task, options), [done, speed, time, pace.Detail], [done, time, pace.Detail], [done, time]));
    }

    /// <summary>
    /// The most that fits in one line: this column never wraps, so that whatever is too long would squeeze the name and the bar.
    /// </summary>
    private static string Fitting(int room, params string[][] choices)
    {
        var lines = choices.Select(parts => Pace.Join(parts)).ToArray();
        return lines.FirstOrDefault(line => line.Length <= room) ?? lines[^1];
    }

    /// <summary>What is left of the console beside the name, the bar, the percentage and a blank between each.</summary>
    private static int RoomFor(ProgressTask task, RenderOptions options) =>
        options.ConsoleSize.Width - task.Description.RemoveMarkup().Length - BarProgress.BarWidth - ShareColumn.Width - 4;

    internal static void Attach(ProgressTask task, Pace pace) => s_paces.Add(task, pace);
}
