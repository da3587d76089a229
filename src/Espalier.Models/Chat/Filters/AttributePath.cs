using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>The <c>attribute</c> of filters: names with points between them, numbers for places in lists.</summary>
internal static class AttributePath
{
    /// <summary>What gets the attribute of an entry.</summary>
    /// <param name="attribute">A path, a number, or None for the entry itself.</param>
    /// <param name="budget">What counts the look-ups.</param>
    /// <param name="fallback">What stands for an undefined one; null for none.</param>
    public static Func<object?, object?> Getter(object? attribute, Budget budget, object? fallback = null)
    {
        object?[] parts = PythonValues.TextOf(attribute) is { } path ? [.. path.Split('.').Select(Part)]
            : attribute is null ? [] : [attribute];
        return entry =>
        {
            foreach (var part in parts)
            {
                entry = PythonMembers.Item(entry, part, budget);
                entry = fallback is not null && entry is Undefined ? fallback : entry;
            }
            return entry;
        };
    }

    private static object? Part(string name) =>
        long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : name;
}
