using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Espalier.Tests;
using Espalier.Torch.Native;

namespace Espalier.Torch.Tests;

/// <summary>The C header and its C# image say the same.</summary>
public sealed partial class HeaderTests
{
    private static readonly string Header = File.ReadAllText(Path.Combine(Fixtures.Root, "native", "binding", "espalier.h"));

    [Fact]
    public void Native_methods_have_the_names_order_and_parameters_of_the_header()
    {
        var native = Declaration().Matches(Header).Select(m => (Name: m.Groups[2].Value, Parameters: Parameters(m.Groups[3].Value)));
        var managed = typeof(NativeMethods).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(m => m.IsDefined(typeof(LibraryImportAttribute), false) || m.Name.StartsWith("esp_", StringComparison.Ordinal))
            .Where(m => !m.Name.Contains("__", StringComparison.Ordinal) && !m.Name.Contains('|', StringComparison.Ordinal))
            .OrderBy(m => m.MetadataToken)
            .Select(m => (m.Name, Parameters: m.GetParameters().Length));
        Assert.Equal(native, managed);
    }

    [Fact]
    public void Every_fallible_export_returns_a_status_that_is_checked()
    {
        foreach (Match m in Declaration().Matches(Header))
        {
            var method = typeof(NativeMethods).GetMethod(m.Groups[2].Value, BindingFlags.Static | BindingFlags.NonPublic);
            Assert.Equal(m.Groups[1].Value == "esp_status", method!.ReturnType == typeof(Status));
        }
    }

    [Fact]
    public void Tags_and_versions_are_the_headers()
    {
        var native = Tag().Matches(Header).Select(m => (m.Groups[1].Value.Replace("_", "", StringComparison.Ordinal), int.Parse(m.Groups[2].Value)));
        Assert.Equal(native, Enum.GetValues<ValueTag>().Select(t => (t.ToString().ToUpperInvariant(), (int)t)));
        Assert.Contains($"#define ESP_ABI_VERSION {NativeMethods.AbiVersion}\n", Header);
        Assert.Contains($"#define ESP_MAX_DIMENSIONS {NativeTensorInfo.MaxDimensions}\n", Header);
    }

    [Fact]
    public void Structures_have_the_size_of_the_headers()
    {
        Assert.Equal(16, Unsafe.SizeOf<NativeValue>());
        Assert.Equal(4 * 3 + 4 + 8 + 8 + 8 * NativeTensorInfo.MaxDimensions, Unsafe.SizeOf<NativeTensorInfo>());
    }

    private static int Parameters(string list) => list.Trim() is "void" or "" ? 0 : list.Split(',').Length;

    [GeneratedRegex(@"ESP_EXPORT\s+(.+?)\s*\b(esp_\w+)\(([^)]*)\);", RegexOptions.Singleline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s+ESP_(\w+) = (\d+),", RegexOptions.Multiline)]
    private static partial Regex Tag();
}
