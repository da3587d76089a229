using System.Reflection;
using System.Text.Json.Serialization;

namespace Espalier;

/// <summary>
/// The name of an enum's value in recipes, files and options: in kebab-case, or what a <see cref="JsonStringEnumMemberNameAttribute"/>
/// says.
/// </summary>
internal static class EnumName
{
    /// <summary>The value's name.</summary>
    public static string Of<T>(T value) where T : struct, Enum =>
        Names<T>.All.TryGetValue(value, out var name) ? name
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"{typeof(T).Name} has no such value.");

    private static class Names<T> where T : struct, Enum
    {
        public static readonly Dictionary<T, string> All = Enum.GetValues<T>().Distinct().ToDictionary(value => value, value =>
            typeof(T).GetField(value.ToString())?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
            ?? JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()));
    }
}
