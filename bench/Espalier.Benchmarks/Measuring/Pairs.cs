namespace Espalier.Benchmarks;

/// <summary>Two sides measured in turn.</summary>
internal sealed class Pairs
{
    public List<Cost> Own { get; } = [];

    public List<Cost> Other { get; } = [];

    /// <summary>A, B, A, B, ... with the order swapped in every second pair; the first <paramref name="warmUp"/> do not count.</summary>
    /// <param name="pairs">Pairs that count.</param>
    /// <param name="warmUp">Pairs before them.</param>
    /// <param name="own">Our side.</param>
    /// <param name="other">The other side.</param>
    /// <param name="counted">Called after each pair that counts.</param>
    public static Pairs Measure(int pairs, int warmUp, Func<Cost> own, Func<Cost> other, Action? counted = null)
    {
        var measured = new Pairs();
        for (var pair = 0; pair < pairs + warmUp; pair++)
        {
            Cost mine, theirs;
            if (pair % 2 == 0)
                (mine, theirs) = (own(), other());
            else
            {
                theirs = other();
                mine = own();
            }
            if (pair < warmUp)
                continue;
            measured.Own.Add(mine);
            measured.Other.Add(theirs);
            counted?.Invoke();
        }
        return measured;
    }

    /// <summary>The row of how many times as long the other side takes.</summary>
    public Row OtherOverOwn(CaseInput input, string quantity, double? atLeast, string note = "") =>
        Of(input, quantity, note, (own, other) => other / own) with { AtLeast = atLeast };

    /// <summary>The row of how many times as long our side takes.</summary>
    public Row OwnOverOther(CaseInput input, string quantity, double? atMost, string note = "") =>
        Of(input, quantity, note, (own, other) => own / other) with { AtMost = atMost };

    private Row Of(CaseInput input, string quantity, string note, Func<double, double, double> ratio) => new()
    {
        Case = input.Subject,
        Threads = input.Threads,
        Quantity = quantity,
        Wall = Quantiles.Of(Own.Zip(Other, (own, other) => ratio(own.Wall, other.Wall))),
        // A side whose processor time nobody counts has none.
        Processor = Other.Exists(cost => cost.Processor <= 0) ? null
            : Quantiles.Of(Own.Zip(Other, (own, other) => ratio(own.Processor, other.Processor))),
        PeerSpread = Quantiles.Of(Other.Select(cost => cost.Wall)).Spread,
        PeerSpreadProcessor = Other.Exists(cost => cost.Processor <= 0) ? null : Quantiles.Of(Other.Select(cost => cost.Processor)).Spread,
        Note = note,
        Details = new()
        {
            ["own_wall"] = Quantiles.Of(Own.Select(cost => cost.Wall)).Median,
            ["own_processor"] = Quantiles.Of(Own.Select(cost => cost.Processor)).Median,
            ["other_wall"] = Quantiles.Of(Other.Select(cost => cost.Wall)).Median,
            ["other_processor"] = Quantiles.Of(Other.Select(cost => cost.Processor)).Median,
        },
    };
}
