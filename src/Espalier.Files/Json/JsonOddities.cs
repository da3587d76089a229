using System.Runtime.CompilerServices;

namespace Espalier.Files;

/// <summary>
/// What Python reads and JSON does not have: NaN and infinity, and a key that stands twice (the last one counts, as in Python). A file
/// may hold them in
/// fields that nobody reads; whoever reads such a field refuses it.
/// </summary>
internal static class JsonOddities
{
    private static readonly ConditionalWeakTable<JsonObject, Dictionary<string, string>> s_found = [];

    /// <summary>Notes what is odd about a field of an object.</summary>
    public static void Add(JsonObject fields, string name, string what) => s_found.GetOrCreateValue(fields)[name] = what;

    /// <summary>What is odd about a field, to stand after its name in an error; null where nothing is.</summary>
    public static string? Of(JsonObject fields, string name) =>
        s_found.TryGetValue(fields, out var odd) ? odd.GetValueOrDefault(name) : null;
}
