namespace Espalier.Compression.Alignment.Reading;

/// <summary>
/// The clock of templates that write the date: it stands, so that a run of tomorrow sees the tokens that one of today saw. The day is the
/// one that Llama's templates name where they have no clock.
/// </summary>
internal sealed class FixedClock : TimeProvider
{
    /// <summary>The clock.</summary>
    public static FixedClock Instance { get; } = new();

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(2024, 7, 26, 12, 0, 0, TimeSpan.Zero);
}
