namespace Espalier.Cli.Commands;

/// <summary>What <c>evaluate --json</c> prints.</summary>
internal sealed record EvaluationReport
{
    /// <summary>The model's folder.</summary>
    public required string Model { get; init; }

    /// <summary>The text or ids, as the user named them.</summary>
    public required string Data { get; init; }

    /// <summary>Mean negative log-likelihood, nats a token.</summary>
    public required double Nll { get; init; }

    /// <summary>Its standard error, windows taken as the independent samples; 0 with one window.</summary>
    public required double NllSe { get; init; }

    /// <summary>e^nll.</summary>
    public required double Perplexity { get; init; }

    /// <summary>nll · tokens / ln 2 / bytes; text only.</summary>
    public double? BitsPerByte { get; init; }

    /// <summary>Tokens predicted: seq · windows.</summary>
    public required long Tokens { get; init; }

    /// <summary>UTF-8 bytes of the text that these tokens stand for; text only.</summary>
    public long? Bytes { get; init; }

    /// <summary>Tokens of a window.</summary>
    public required int Seq { get; init; }

    /// <summary>Windows scored.</summary>
    public required long Windows { get; init; }

    /// <summary>Seconds of the pass, without loading.</summary>
    public required double Seconds { get; init; }

    /// <summary>tokens / seconds.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The file of <c>--per-token</c>, where it was asked for.</summary>
    public string? PerToken { get; init; }
}
