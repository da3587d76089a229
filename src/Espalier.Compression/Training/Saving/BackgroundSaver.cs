namespace Espalier.Compression.Training.Saving;

/// <summary>
/// Saves checkpoints while training goes on, one at a time. The error of a save surfaces at the next <see cref="Save"/>
/// or <see cref="Wait"/>, once: whoever needs what was saved waits before disposing. Not for use by several threads.
/// </summary>
internal sealed class BackgroundSaver(CheckpointStore store) : IDisposable
{
    private Task<SavedCheckpoint>? _inFlight;

    /// <summary>Starts to save, after the save before has ended. The parts must read snapshots, for they are written later.</summary>
    /// <exception cref="EspalierException">The save before failed; the new one is not started.</exception>
    public void Save(long step, IReadOnlyList<CheckpointPart> parts, bool best = false)
    {
        Wait();
        // Now, at the step's edge: the log grows while the save is in flight.
        var logs = store.Logs?.Invoke();
        _inFlight =
            Task.Factory.StartNew(() => store.Save(step, parts, best, logs), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
    }

    /// <summary>Waits until nothing is in flight.</summary>
    /// <returns>What was saved last since the previous wait, or null.</returns>
    /// <exception cref="EspalierException">That save failed.</exception>
    public SavedCheckpoint? Wait()
    {
        if (_inFlight is not { } save)
            return null;
        _inFlight = null;
        return save.GetAwaiter().GetResult();
    }

    /// <summary>
    /// Waits until nothing is in flight, while another error is on its way, which that of a save must not take the place of.
    /// </summary>
    /// <returns>The error of the save, or null.</returns>
    public Exception? LetEnd()
    {
        try
        {
            Wait();
            return null;
        }
#pragma warning disable CA1031 // whatever it is, the other error is what is to be heard
        catch (Exception error)
#pragma warning restore CA1031
        {
            return error;
        }
    }

    /// <summary>Waits for the save in flight. Its error is not thrown: an error may be on its way already.</summary>
    public void Dispose() => LetEnd();
}
