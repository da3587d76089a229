namespace Espalier.Compression;

/// <summary>Where the work says how far it is. Calls are cheap: report every step.</summary>
public interface IProgressReporter
{
    /// <summary>Begins a task of <paramref name="total"/> units (0 where that is not known); disposing it ends it.</summary>
    /// <param name="title">What is done: "distill", "score".</param>
    /// <param name="total">How many units there are, or 0.</param>
    /// <param name="unit">Their name in the plural: "steps", "tokens", "bytes".</param>
    IProgressTask Begin(string title, long total, string unit);

    /// <summary>Starts the next stage of the work; tasks begun from now on belong to it.</summary>
    /// <param name="number">Which, from 1.</param>
    /// <param name="total">How many there are.</param>
    /// <param name="title">Its name.</param>
    void Stage(int number, int total, string title) => Note($"stage {number} of {total}: {title}");

    /// <summary>Says something worth reading later, on one line.</summary>
    void Note(string line);

    /// <summary>Says something that the user should look at, on one line.</summary>
    void Warn(string line);
}
