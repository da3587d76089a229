namespace Espalier.Compression;

/// <summary>Where the work says how far it is. Calls are cheap: who reports every step need not count milliseconds.</summary>
public interface IProgressReporter
{
    /// <summary>Begins a task of <paramref name="total"/> units (0 where that is not known); disposing it ends it.</summary>
    /// <param name="title">What is done: "distil", "score".</param>
    /// <param name="total">How many units there are, or 0.</param>
    /// <param name="unit">Their name in the plural: "steps", "tokens", "bytes".</param>
    IProgressTask Begin(string title, long total, string unit);

    /// <summary>The work as a whole comes to another stage, which what is begun from here on belongs to.</summary>
    /// <param name="number">Which, from 1.</param>
    /// <param name="total">How many there are.</param>
    /// <param name="title">Its name.</param>
    void Stage(int number, int total, string title) => Note($"stage {number} of {total}: {title}");

    /// <summary>Says something worth reading later, on one line.</summary>
    void Note(string line);

    /// <summary>Says something that the user should look at, on one line.</summary>
    void Warn(string line);
}
