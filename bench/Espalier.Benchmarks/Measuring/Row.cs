namespace Espalier.Benchmarks;

/// <summary>One line of a bar's table.</summary>
internal sealed record Row
{
    /// <summary>What was measured: a shape, a model, a size.</summary>
    public required string Case { get; init; }

    public required int Threads { get; init; }

    /// <summary>The quantity, such as "peer / own".</summary>
    public required string Quantity { get; init; }

    /// <summary>By the clock; null where the quantity is no time.</summary>
    public Quantiles? Wall { get; init; }

    /// <summary>In processor time.</summary>
    public Quantiles? Processor { get; init; }

    /// <summary>What is neither time nor a ratio of times.</summary>
    public Quantiles? Value { get; init; }

    /// <summary>Spread of the peer's own wall and processor times; over 0.1 the verdict is "noisy".</summary>
    public double? PeerSpread { get; init; }

    /// <inheritdoc cref="PeerSpread"/>
    public double? PeerSpreadProcessor { get; init; }

    /// <summary>The bar; null where the row is for knowledge only.</summary>
    public double? AtLeast { get; init; }

    /// <inheritdoc cref="AtLeast"/>
    public double? AtMost { get; init; }

    public string Note { get; init; } = "";

    /// <summary>Everything else that was measured.</summary>
    public JsonObject? Details { get; init; }

    /// <summary>By the clock, as the protocol wants it.</summary>
    public string? Verdict => Judge(Value ?? Wall, Value is null ? PeerSpread : null);

    /// <summary>The same in processor time, which others on the machine disturb less.</summary>
    public string? VerdictProcessor => Value is not null ? null : Judge(Processor, PeerSpreadProcessor);

    private string? Judge(Quantiles? found, double? spread) =>
        found is null || (AtLeast is null && AtMost is null) ? null
        : spread > 0.1 ? "noisy"
        : (AtLeast is not { } least || found.Median >= least) && (AtMost is not { } most || found.Median <= most) ? "pass" : "miss";
}
