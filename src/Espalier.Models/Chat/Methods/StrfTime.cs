using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>Python's <c>datetime.strftime</c> in the C locale.</summary>
internal static class StrfTime
{
    /// <summary>The time by a pattern such as <c>%d %b %Y</c>.</summary>
    public static string Format(DateTime time, string pattern, Budget budget)
    {
        budget.Characters(pattern.Length * 16L);
        var written = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%' || i + 1 == pattern.Length)
            {
                written.Append(pattern[i]);
                continue;
            }
            var bare = pattern[++i] == '-' && i + 1 < pattern.Length;
            var field = Field(time, bare ? pattern[++i] : pattern[i]) ?? (bare ? $"%-{pattern[i]}" : $"%{pattern[i]}");
            written.Append(bare && field.Length > 1 && char.IsAsciiDigit(field[0]) ? Bare(field) : field);
        }
        return written.ToString();
    }

    private static string Bare(string field) => field.TrimStart('0', ' ') is { Length: > 0 } rest ? rest : "0";

    private static string? Field(DateTime time, char letter)
    {
        string Text(string pattern) => time.ToString(pattern, CultureInfo.InvariantCulture);
        return letter switch
        {
            'a' => Text("ddd"),
            'A' => Text("dddd"),
            'b' or 'h' => Text("MMM"),
            'B' => Text("MMMM"),
            'c' => $"{Text("ddd MMM")} {time.Day,2} {Text("HH:mm:ss yyyy")}",
            'C' => $"{time.Year / 100:00}",
            'd' => Text("dd"),
            'D' or 'x' => Text("MM/dd/yy"),
            'e' => $"{time.Day,2}",
            'f' => Text("ffffff"),
            'F' => Text("yyyy-MM-dd"),
            'G' => $"{ISOWeek.GetYear(time)}",
            'H' => Text("HH"),
            'I' => Text("hh"),
            'j' => $"{time.DayOfYear:000}",
            'k' => $"{time.Hour,2}",
            'l' => $"{(time.Hour + 11) % 12 + 1,2}",
            'm' => Text("MM"),
            'M' => Text("mm"),
            'n' => "\n",
            'p' => time.Hour < 12 ? "AM" : "PM",
            'r' => $"{Text("hh:mm:ss")} {(time.Hour < 12 ? "AM" : "PM")}",
            'R' => Text("HH:mm"),
            'S' => Text("ss"),
            't' => "\t",
            'T' or 'X' => Text("HH:mm:ss"),
            'u' => $"{((int)time.DayOfWeek + 6) % 7 + 1}",
            'U' => $"{(time.DayOfYear + 6 - (int)time.DayOfWeek) / 7:00}",
            'V' => $"{ISOWeek.GetWeekOfYear(time):00}",
            'w' => $"{(int)time.DayOfWeek}",
            'W' => $"{(time.DayOfYear + 6 - ((int)time.DayOfWeek + 6) % 7) / 7:00}",
            'y' => Text("yy"),
            'Y' => Text("yyyy"),
            'z' or 'Z' => "",
            '%' => "%",
            _ => null,
        };
    }
}
