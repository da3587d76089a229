namespace Espalier.Compression.Training;

/// <summary>
/// How the threads of a step are used: so many replicas of the model side by side, each with so many threads inside an operator. It follows
/// from the threads and from what is trained alone, never from the state of the machine: at a fixed number of threads a training has the
/// same bits.
/// </summary>
/// <param name="Replicas">Replicas of the model, each on a thread of its own; 1 is the model alone.</param>
/// <param name="ThreadsOfEach">Threads inside an operator.</param>
internal readonly record struct ReplicaLayout(int Replicas, int ThreadsOfEach)
{
    /// <summary>
    /// Bytes of gradients that replicas may have beside the model's. Where a model has more, its products are large enough to keep many
    /// threads busy, and one gradient a thread would take more memory than all that a step needs else.
    /// </summary>
    public const long GradientBytes = 64L << 20;

    /// <summary>
    /// As many replicas as leave no thread without work, fewer where their gradients would take more than <see cref="GradientBytes"/>.
    /// </summary>
    /// <param name="threads">Threads that there are.</param>
    /// <param name="windows">Windows of a step.</param>
    /// <param name="pass">Windows that go forward and back at once; each replica has as many of them.</param>
    /// <param name="gradientBytes">Bytes of the gradients of all that is trained.</param>
    public static ReplicaLayout Of(int threads, int windows, int pass, long gradientBytes)
    {
        var best = new ReplicaLayout(1, threads);
        for (var replicas = 2; replicas <= Math.Min(threads, pass); replicas++)
        {
            var layout = new ReplicaLayout(replicas, threads / replicas);
            if (windows % replicas == 0 && pass % replicas == 0 && (replicas - 1) * gradientBytes <= GradientBytes
                && layout.Used >= best.Used)
                best = layout;
        }
        return best;
    }

    private int Used => Replicas * ThreadsOfEach;
}
