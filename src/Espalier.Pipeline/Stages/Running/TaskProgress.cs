namespace Espalier.Pipeline.Stages.Running;

/// <summary>A task as what a reader or writer reports to.</summary>
/// <param name="task">Shows how far it is.</param>
/// <param name="done">How much of a report is done.</param>
internal sealed class TaskProgress<T>(IProgressTask task, Func<T, long> done) : IProgress<T>
{
    public void Report(T value) => task.Report(done(value));
}
