using System.IO.MemoryMappedFiles;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Dispatch;

/// <summary>
/// The stable ABI reads as many words as an operator has arguments: a schema of ours that is not libtorch's would read what is not there.
/// </summary>
public sealed partial class SchemaTests : TorchTest
{
    [Fact]
    public unsafe void Every_schema_of_ours_stands_in_libtorchs_own_file()
    {
        var declared = Declared().Select(schema => schema[(schema.IndexOf("::", StringComparison.Ordinal) + 2)..]).ToList();
        Assert.True(declared.Count > 70, $"{declared.Count} schemas");
        using var file = MemoryMappedFile.CreateFromFile(TorchRuntime.LibraryFile, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using var view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        var start = view.SafeMemoryMappedViewHandle.DangerousGetHandle();
        var library = new ReadOnlySpan<byte>((void*)start, checked((int)view.Capacity));
        var missing = declared.ToHashSet();
        foreach (var schema in declared)
        {
            // Later versions append arguments: words of 0 serve where those are optional or false.
            var end = schema.IndexOf(") -> ", StringComparison.Ordinal);
            var (ours, results) = (schema[..end], schema[end..]);
            var sought = Encoding.ASCII.GetBytes(ours);
            for (int at = 0, next; missing.Contains(schema) && (next = library[at..].IndexOf(sought)) >= 0;)
            {
                at += next + sought.Length;
                var rest = Encoding.ASCII.GetString(library.Slice(at, Math.Min(1024, library.Length - at)));
                if (Appended().Match(rest) is { Success: true, Length: var appended }
                    && rest.AsSpan(appended).StartsWith(results, StringComparison.Ordinal))
                    missing.Remove(schema);
            }
        }
        Assert.Empty(missing);
    }

    [Fact]
    public void Arguments_that_the_library_has_behind_those_of_a_schema_are_none()
    {
        using var scope = TensorScope.Begin();
        var (x, w) = (Tensor.From<float>([1, 2], 1, 2), Tensor.From<float>([3, 4], 1, 2));
        Assert.Equal([11f], new Op("aten::linear(Tensor input, Tensor weight) -> Tensor").Call(x, w).ToArray<float>()); // bias
        Assert.Equal([3f], new Op("aten::sum.dim_IntList(Tensor self, int[1]? dim) -> Tensor").Call(x, Argument.None).ToArray<float>());
        var top = new Op("aten::sort(Tensor self, int dim=-1) -> (Tensor values, Tensor indices)").CallMany(w);
        Assert.Equal([3f, 4], top[0].ToArray<float>()); // descending=False
    }

    [GeneratedRegex(@"^(, \*)?(, [\w\[\]]+\? \w+=None|, bool \w+=False)*")]
    private static partial Regex Appended();

    [Fact]
    public void A_schema_is_read_with_its_defaults_lists_and_optionals()
    {
        var schema = new OpSchema(
            "aten::f.x(Tensor(a!) self, int[1]? dim=None, Tensor?[] more=[], *, float eps=1e-05, bool keep=True, " +
            "Scalar s=1, Tensor? bias=None) -> (Tensor(a!) values, Tensor[])");
        Assert.Equal(("aten::f", "x", "aten::f.x"), (schema.Name, schema.Overload, schema.FullName));
        Assert.Equal(["self", "dim", "more", "eps", "keep", "s", "bias"], schema.Parameters.Select(p => p.Name));
        Assert.Equal(["Tensor", "int[1]?", "Tensor?[]", "float", "bool", "Scalar", "Tensor?"], schema.Parameters.Select(p => p.Type));
        Assert.Equal([(false, false, false), (true, true, false), (true, false, true), (false, true, false)],
            new[] { 0, 1, 2, 6 }.Select(i => schema.Parameters[i]).Select(p => (p.IsList, p.IsOptional, p.EntriesAreOptional)));
        Assert.Equal(["the default", "none", "[]", "1E-05", "true", "1", "none"], schema.Parameters.Select(p => p.Default.ToString()));
        Assert.Equal(["Tensor", "Tensor[]"], schema.Results.Select(result => result.Type));
        Assert.Empty(new OpSchema("aten::g(Tensor(a!)[] self, Tensor(b -> *) other) -> ()").Results);
    }

    private static IEnumerable<string> Declared()
    {
        const BindingFlags statics = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (var type in typeof(Ops).Assembly.GetTypes())
            foreach (var field in type.GetFields(statics).Where(field => field.FieldType == typeof(Op)))
                yield return field.GetValue(null)!.ToString()!;
    }
}
