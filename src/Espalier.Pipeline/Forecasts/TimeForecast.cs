namespace Espalier.Pipeline.Forecasts;

/// <summary>
/// How long the training stages and the scoring take on a device, if it keeps up the assumed share of its speed: an estimate.
/// </summary>
/// <param name="Device">The device.</param>
/// <param name="Gflops">Its speed in training, in 10⁹ floating-point operations a second: measured here, or the maker's peak.</param>
/// <param name="Utilisation">The share of it that is assumed to be reached.</param>
/// <param name="Seconds">The sum over the stages of operations / (speed · share).</param>
/// <param name="Stages">Hours of each stage whose operations are known beforehand.</param>
internal sealed record TimeForecast(string Device, double Gflops, double Utilisation, double Seconds, IReadOnlyList<StageHours> Stages)
{
    /// <summary>The shorter end of the range that the sum lies in.</summary>
    public double SecondsFrom { get; init; }

    /// <summary>The longer end.</summary>
    public double SecondsTo { get; init; }

    /// <summary>Times on this machine, where its speed is known, and on one GPU of each named kind.</summary>
    internal static IReadOnlyList<TimeForecast> Of(IReadOnlyList<StageForecast> stages, DeviceSpeed? here) =>
        [.. (here is null ? [] : new[] { here }).Concat(DeviceSpeed.Gpus).Select(device => On(device, stages))];

    private static TimeForecast On(DeviceSpeed device, IReadOnlyList<StageForecast> stages)
    {
        var seconds = stages.Select(stage => (Name: stage.Title(), Seconds: device.Seconds(stage)))
            .Where(stage => stage.Seconds is not null).ToArray();
        var sum = seconds.Sum(stage => stage.Seconds!.Value);
        return new(device.Device, device.Training, device.Utilisation, sum,
            [.. seconds.Select(stage => new StageHours(stage.Name, stage.Seconds!.Value / 3600))])
        {
            SecondsFrom = sum / device.Best,
            SecondsTo = sum / device.Worst,
        };
    }
}

/// <summary>Hours of a stage on a device.</summary>
/// <param name="Stage">The stage's name, with its cycle and round where there are several (<see cref="StageForecast.Title"/>).</param>
/// <param name="Hours">The estimate.</param>
internal sealed record StageHours(string Stage, double Hours);
