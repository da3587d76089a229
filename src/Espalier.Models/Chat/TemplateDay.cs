namespace Espalier.Models.Chat;

/// <summary>
/// The clock of chat templates that write today's date: always noon of one day, as a run that goes on tomorrow must ask what it asked
/// today. The day is the one that Llama 3.1's template takes where nobody tells it the date.
/// </summary>
internal sealed class TemplateDay : TimeProvider
{
    public static TemplateDay Instance { get; } = new();

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(2024, 7, 26, 12, 0, 0, TimeSpan.Zero);
}
