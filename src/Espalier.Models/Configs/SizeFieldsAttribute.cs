using System.Text.Json.Serialization.Metadata;

namespace Espalier.Models;

/// <summary>
/// On a <see cref="PerAxis{T}"/> of sizes: JSON has a field for each of them in the record itself, in its place, and none for what is null.
/// What writes and reads such records has <see cref="Spread"/> among the modifiers of its resolver.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SizeFieldsAttribute : Attribute
{
    /// <summary>Whether the fields have <c>config.json</c>'s names (<c>hidden_size</c>) and not those of recipes (<c>hidden</c>).</summary>
    public bool AsInConfig { get; init; }

    /// <summary>Makes fields of the sizes of a record, in the order of a search and then of <see cref="Axis.All"/>.</summary>
    internal static void Spread(JsonTypeInfo type)
    {
        for (var i = type.Properties.Count - 1; i >= 0; i--)
            if (type.Properties[i].AttributeProvider?.GetCustomAttributes(typeof(SizeFieldsAttribute), false) is [SizeFieldsAttribute how])
            {
                var (get, set) = (type.Properties[i].Get!, type.Properties[i].Set);
                type.Properties.RemoveAt(i);
                foreach (var (place, axis) in Axis.Searched.Union(Axis.All).Index())
                {
                    var field = type.CreateJsonPropertyInfo(typeof(int?), how.AsInConfig ? axis.Field : axis.JsonName);
                    field.Get = record => SizesOf(record)?[axis];
                    field.Set = set is null ? null : (record, size) => set(record, (SizesOf(record) ?? new()).With(axis, (int?)size));
                    field.ShouldSerialize = (_, size) => size is not null;
                    type.Properties.Insert(i + place, field);
                }

                PerAxis<int?>? SizesOf(object record) => (PerAxis<int?>?)get(record);
            }
    }
}
