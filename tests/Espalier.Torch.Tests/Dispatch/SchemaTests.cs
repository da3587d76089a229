using System.Reflection;
using System.Text;
using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Dispatch;

/// <summary>
/// The stable ABI reads as many words as an operator has arguments: a schema of ours that is not libtorch's would read what is not there.
/// </summary>
public sealed class SchemaTests : TorchTest
{
    [Fact]
    public void Every_schema_of_ours_stands_in_libtorchs_own_file()
    {
        var wanted = Declared()
            .Select(schema => Encoding.ASCII.GetBytes(schema[(schema.IndexOf("::", StringComparison.Ordinal) + 2)..])).ToList();
        Assert.True(wanted.Count > 70, $"{wanted.Count} schemas");
        using var file = File.OpenRead(TorchRuntime.LibraryFile);
        const int longest = 4096;
        var chunk = new byte[16 << 20];
        var kept = 0;
        for (int read; wanted.Count > 0 && (read = file.Read(chunk, kept, chunk.Length - kept)) > 0;)
        {
            var there = chunk.AsMemory(0, kept + read);
            wanted.RemoveAll(text => there.Span.IndexOf(text) >= 0);
            kept = Math.Min(longest, there.Length);
            there[^kept..].CopyTo(chunk);
        }
        Assert.Empty(wanted.Select(Encoding.ASCII.GetString));
    }

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
