namespace Espalier.Files;

/// <summary>
/// What the control groups of this process (a container, a service, a batch job) let it have of the memory: the second version of the
/// interface and the first. Groups nest, and each limits all that is in it.
/// </summary>
internal static class ControlGroup
{
    private const string Mount = "sys/fs/cgroup";

    /// <summary>The limit of the group that has the least left, and what is left of it; null where none has a limit.</summary>
    /// <param name="root">Where the system's folders lie; elsewhere in tests.</param>
    public static (long Limit, long Left)? Memory(string root = "/")
    {
        (long Limit, long Left)? tightest = null;
        foreach (var line in SystemFile.Text(Path.Combine(root, "proc/self/cgroup")).Split('\n'))
            foreach (var found in Limits(root, line.Split(':', 3)))
                if (tightest is null || found.Left < tightest.Value.Left)
                    tightest = found;
        return tightest;
    }

    /// <summary>
    /// The limits that a line of <c>/proc/self/cgroup</c> leads to: <c>0::/path</c>, or in the first version <c>4:memory:/path</c>.
    /// </summary>
    private static IEnumerable<(long Limit, long Left)> Limits(string root, string[] line) => line switch
    {
        [_, "", var group] => Limits(Path.Combine(root, Mount), group, "memory.max", "memory.current", "inactive_file"),
        [_, var controllers, var group] when controllers.Split(',').Contains("memory") =>
            Limits(Path.Combine(root, Mount, "memory"), group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        _ => [],
    };

    /// <summary>Those of a group and of all above it. In a container, the group's own folder may be the mount itself.</summary>
    private static IEnumerable<(long Limit, long Left)> Limits(string mount, string group, string limitFile, string usedFile,
        string cacheField)
    {
        for (var at = group.Trim('/'); ; at = Path.GetDirectoryName(at) ?? "")
        {
            var folder = Path.Combine(mount, at);
            // "max", or in the first version a number of bytes that no machine has.
            if (Number(SystemFile.Text(Path.Combine(folder, limitFile))) is { } limit and > 0 and < long.MaxValue / 2)
            {
                // Pages of files that nobody reads now are given back when they are wanted.
                var used = Number(SystemFile.Text(Path.Combine(folder, usedFile))) ?? 0;
                yield return (limit,
                    Math.Clamp(limit - used + Field(SystemFile.Text(Path.Combine(folder, "memory.stat")), cacheField), 0, limit));
            }
            if (at.Length == 0)
                yield break;
        }
    }

    private static long Field(string text, string name)
    {
        foreach (var line in text.Split('\n'))
            if (line.Split(' ') is [var field, var value] && field == name)
                return Number(value) ?? 0;
        return 0;
    }

    private static long? Number(string text) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
