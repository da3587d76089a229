namespace Espalier.Models.Grammars.Strings;

/// <summary>
/// The values of <c>format</c> that a regular expression can hold to the letter (JSON Schema Validation 2020-12, section 7.3).
/// </summary>
internal static class StringFormats
{
    private const string Time = @"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)";
    private const string Byte = @"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)";
    private const string Label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private const string Atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";

    // Four years in a century that begins no leap year, and in one that does (RFC 3339, appendix C).
    private const string LeapYear = @"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";

    private const string Date = @"(?:\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
        + @"|02-(?:0[1-9]|1\d|2[0-8]))|" + LeapYear + "-02-29)";

    private static readonly Dictionary<string, string> s_patterns = new()
    {
        // RFC 3339, section 5.6, without leap seconds.
        ["date"] = $"^{Date}$",
        ["time"] = $"^{Time}$",
        ["date-time"] = $"^{Date}T{Time}$",
        // RFC 3339, appendix A.
        ["duration"] = "^P(?:" + DurationDate + "(?:T" + DurationTime + ")?|T" + DurationTime + @"|\d{1,9}W)$",
        // RFC 5321's Mailbox, without quoted local parts, and with a domain of two labels at least.
        ["email"] = $@"^{Atom}(?:\.{Atom})*@{Label}(?:\.{Label})+$",
        // RFC 1123, section 2.1.
        ["hostname"] = $@"^{Label}(?:\.{Label})*$",
        ["ipv4"] = $@"^{Byte}(?:\.{Byte}){{3}}$",
        ["ipv6"] = Ipv6(),
        // RFC 4122.
        ["uuid"] = "^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    };

    // Years, months and days in this order, none in the middle left out.
    private const string DurationDate = @"(?:\d{1,9}Y(?:\d{1,9}M(?:\d{1,9}D)?)?|\d{1,9}M(?:\d{1,9}D)?|\d{1,9}D)";
    private const string DurationTime = @"(?:\d{1,9}H(?:\d{1,9}M(?:\d{1,9}S)?)?|\d{1,9}M(?:\d{1,9}S)?|\d{1,9}S)";

    public static IReadOnlyCollection<string> Names => s_patterns.Keys;

    /// <summary>The expression of a format; null where there is none.</summary>
    public static string? PatternOf(string name) => s_patterns.GetValueOrDefault(name);

    // RFC 4291, section 2.2: eight groups, of which one run of at least one is left out as "::"; its last two may be an IPv4 address.
    private static string Ipv6()
    {
        const string group = "[0-9a-fA-F]{1,4}";
        var last = $@"(?:{group}:{group}|{Byte}(?:\.{Byte}){{3}})";
        var ways = new List<string> { $"(?:{group}:){{6}}{last}" };
        for (var before = 0; before <= 7; before++)
        {
            var left = before == 0 ? "" : $"{group}(?::{group}){{{before - 1}}}";
            // At most seven groups stand with the mark.
            for (var after = 0; before + after <= 7; after++)
                ways.Add($"{left}::" + (after == 0 ? "" : after == 1 ? group : $"(?:{group}:){{{after - 2}}}{last}"));
        }
        return $"^(?:{string.Join('|', ways)})$";
    }
}
