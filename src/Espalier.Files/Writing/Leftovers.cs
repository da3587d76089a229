using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Espalier.Files;

/// <summary>The names of things half done: whoever finds one after a crash may delete it, and nothing else.</summary>
internal static partial class Leftovers
{
    /// <summary>
    /// A new name beside <paramref name="path"/> for its unfinished or condemned form: <c>run.json.tmp-1f2e3d4c</c>. Four of the digits
    /// are drawn, four follow from them and from the name, so that a file of somebody else's is not taken for one of ours.
    /// </summary>
    public static string NameFor(string path)
    {
        string temporary;
        do
        {
            var drawn = (ushort)Random.Shared.Next(1 << 16);
            temporary = $"{path}.tmp-{drawn:x4}{Check(Path.GetFileName(path), drawn):x4}";
        }
        while (Path.Exists(temporary));
        return temporary;
    }

    /// <summary>
    /// Whether a file or folder name (without its path) has the form of ours, in a folder where only this program writes.
    /// </summary>
    public static bool Is(string name) => Pattern().IsMatch(name);

    /// <summary>
    /// Whether a name was made for <paramref name="of"/> by <see cref="NameFor"/>, in a folder that others write to as well.
    /// </summary>
    /// <param name="name">A file or folder name without its path.</param>
    /// <param name="of">The name of the finished thing.</param>
    public static bool IsOf(string name, string of) =>
        name.Length == of.Length + 13 && name.StartsWith($"{of}.tmp-", StringComparison.Ordinal) && Is(name)
        && ushort.TryParse(name.AsSpan(of.Length + 5, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var drawn)
        && ushort.TryParse(name.AsSpan(of.Length + 9, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var check)
        && check == Check(of, drawn);

    /// <summary>
    /// Whether a name was made for <paramref name="of"/> by an early build, by a process that no longer lives: <c>NAME.tmp-PID-GUID</c>.
    /// </summary>
    /// <param name="name">A file or folder name without its path.</param>
    /// <param name="of">The name of the finished thing.</param>
    public static bool IsOfEarlyBuild(string name, string of) =>
        name.StartsWith($"{of}.tmp-", StringComparison.Ordinal) && PatternOfEarlyBuild().Match(name, of.Length) is { Success: true } match
        && int.TryParse(match.Groups["pid"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && !IsAlive(pid);

    private static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static ushort Check(string name, ushort drawn)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{drawn:x4} {name}"));
        return (ushort)((hash[0] << 8) | hash[1]);
    }

    [GeneratedRegex(@"\A(.+\.tmp-[0-9a-f]{8}|step-[0-9]+\.tmp)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();

    [GeneratedRegex(@"\G\.tmp-(?<pid>[0-9]{1,9})-[0-9a-f]{32}\z", RegexOptions.CultureInvariant)]
    private static partial Regex PatternOfEarlyBuild();
}
