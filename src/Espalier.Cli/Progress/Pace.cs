namespace Espalier.Cli.Progress;

/// <summary>
/// How far a task is, how fast it goes and how long it will take. There is one rate: the units of this process over the time from its
/// beginning to the last of them, whatever was done between them (evaluations, saves) included. Seconds a unit, units a second and the
/// time that remains are that rate, and so is what a task adds of its own, such as a training's tokens a second. Units that were done
/// before this process began (a resumed run reports them first) count for the share, not for the rate.
/// </summary>
internal sealed class Pace(long total, string unit, TimeProvider time)
{
    /// <summary>Less is mostly what a task does once: what remains would jump about.</summary>
    private static readonly TimeSpan s_enough = TimeSpan.FromSeconds(5);

    private readonly long _begun = time.GetTimestamp();
    private long? _before;
    private TimeSpan _last;

    internal long Done { get; private set; }

    internal string Detail { get; private set; } = "";

    internal double Share => total > 0 ? Math.Clamp((double)Done / total, 0, 1) : 0;

    internal TimeSpan Elapsed => time.GetElapsedTime(_begun);

    /// <summary>Units a second of this process up to the last unit, or 0 before anything is known.</summary>
    internal double Rate => _last.TotalSeconds > 0 ? Math.Max(0, Done - (_before ?? 0)) / _last.TotalSeconds : 0;

    /// <summary>What the units that are missing take at the same rate; null before there is enough to tell by.</summary>
    internal TimeSpan? Remaining =>
        total > 0 && Rate > 0 && _last >= s_enough ? TimeSpan.FromSeconds(Math.Max(0, total - Done) / Rate) : null;

    internal void Advance(long done, string? detail)
    {
        _before ??= 0;
        Done += done;
        _last = Elapsed;
        Detail = detail ?? Detail;
    }

    internal void Report(long done, string? detail)
    {
        _before ??= done;
        Done = done;
        _last = Elapsed;
        Detail = detail ?? Detail;
    }

    /// <summary>"12/120 steps": bytes are scaled.</summary>
    internal string Counted() => (total > 0 ? $"{Amount(Done)}/{Amount(total)} {Unit}" : $"{Amount(Done)} {Unit}").TrimEnd();

    /// <summary>"3.2 steps/s", or nothing before anything is known.</summary>
    internal string Speed() => Rate switch
    {
        0 => "",
        _ when unit == "bytes" => $"{Units.Bytes((long)Rate)}/s",
        >= 1 => Units.Short(Rate) is "1" ? $"1 {Singular}/s" : $"{(Rate >= 10_000 ? Units.Count(Rate) : Units.Short(Rate))} {unit}/s",
        _ => $"{Units.Short(1 / Rate)} s/{Singular}",
    };

    /// <summary>The parts that are not empty, with commas.</summary>
    internal static string Join(params string[] parts) => string.Join(", ", parts.Where(p => p.Length > 0));

    private string Unit => unit == "bytes" ? "" : unit;

    private string Singular => unit.EndsWith('s') ? unit[..^1] : unit;

    private string Amount(long value) => unit == "bytes" ? Units.Bytes(value) : value.ToString();
}
