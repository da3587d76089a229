using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Code;

/// <summary>Runs what a model wrote together with the tests of its document.</summary>
internal sealed class CodeJudge(Sandbox sandbox)
{
    /// <summary>What becomes of many, several at once.</summary>
    public IReadOnlyList<ProgramVerdict> Judge(CodeKind kind, IReadOnlyList<(TaskDocument Document, string Completion)> samples,
        string name, IProgressReporter progress, CancellationToken stop = default)
    {
        var verdicts = new ProgramVerdict[samples.Count];
        using var task = progress.Begin(name, samples.Count, "programs");
        var one = new Lock();
        // Each has a time limit, so that no more run than there are processors for them.
        try
        {
            Parallel.For(0, samples.Count,
                new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = stop }, i =>
                {
                    verdicts[i] = sandbox.Run(kind.ProgramOf(samples[i].Document, samples[i].Completion), stop);
                    lock (one)
                        task.Advance(1);
                });
        }
        catch (AggregateException error)
        {
            throw error.InnerExceptions.OfType<EspalierException>().FirstOrDefault() ?? error.InnerExceptions[0];
        }
        return verdicts;
    }
}
