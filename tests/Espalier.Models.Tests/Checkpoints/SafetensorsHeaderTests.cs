using System.Buffers.Binary;
using System.Text;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Tests.Checkpoints;

public sealed class SafetensorsHeaderTests : IDisposable
{
    private const string A = """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Header, bytes of data after it, and what the message must name.
    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", 16, "needs 8 bytes, but data_offsets [0, 16] span 16")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "data_offsets [0, 8] are outside the 4 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "data_offsets [8, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes belong to no tensor")]
    [InlineData("""{}""", 1, "1 bytes belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}""", 8, "dtype 'F33' is unknown; known: BOOL")]
    [InlineData("""{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", 8, "dtype is Number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "shape[0] is -2")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""", 8, "shape[0] is 2.0")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "shape[0] is \"2\"")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "shape is Number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}""", 8, "shape[0] is 9223372036854775808")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "needs 73786976294838206464 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,9223372036854775807],"data_offsets":[0,0]}}""", 0,
        "more elements than can be counted")]
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}""", 1, "12 bits, not a whole number of bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "data_offsets has 1 numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "lacks data_offsets")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "lacks dtype")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "dtype appears twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}""", 8, "unknown field 'x'")]
    [InlineData("""{"a":[1]}""", 0, "tensor 'a' is Array")]
    [InlineData(A + ""","a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "'a' appears twice")]
    [InlineData(A + ""","b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "'b' starts at 4 inside 'a', which ends at 8")]
    [InlineData(A + ""","b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "'b' starts at 0 inside 'a'")]
    [InlineData(A + ""","b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}""", 20, "leaves a hole after 'a', which ends at 8")]
    [InlineData(A + ""","__metadata__":{"x":1}}""", 8, "__metadata__.x is Number")]
    [InlineData(A + ""","__metadata__":{"x":"1","x":"2"}}""", 8, "__metadata__.x appears twice")]
    [InlineData(A + ""","__metadata__":[]}""", 8, "__metadata__ is Array")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "not valid JSON")]
    [InlineData("""[]""", 0, "does not start with '{'")]
    [InlineData("", 0, "does not start with '{'")]
    [InlineData(""" {}""", 0, "does not start with '{'")]
    [InlineData("""{"a":""", 0, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[[[[[[[[[[2]]]]]]]]]]],"data_offsets":[0,8]}}""", 8, "not valid JSON")]
    public void Broken_header_is_refused_naming_what_is_wrong(string header, int dataBytes, string expected)
    {
        var error = Assert.Throws<EspalierException>(() => Open(header, dataBytes));
        Assert.Contains("model.safetensors: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Invalid_utf8_is_refused()
    {
        byte[] header = [.. "{\""u8, 0xff, 0xfe, .. "\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"u8];
        Assert.Throws<EspalierException>(() => SafetensorsHeader.Parse(header, 8 + header.Length, "file"));
    }

    [Theory]
    [InlineData(0, "0 bytes, but a safetensors file has at least 8")]
    [InlineData(7, "7 bytes, but a safetensors file has at least 8")]
    public void File_below_eight_bytes_is_refused_with_its_length(int length, string expected) =>
        Assert.Contains(expected, OpenBytes(new byte[length]).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(100_000_001, "claims 100000001 bytes, more than the limit of 100000000")]
    [InlineData(ulong.MaxValue, "claims 18446744073709551615 bytes, more than the limit of 100000000")]
    [InlineData(100_000_000, "claims 100000000 bytes, but the file has 8 after")]
    [InlineData(9, "claims 9 bytes, but the file has 8 after")]
    public void Header_length_is_checked_before_anything_is_allocated(ulong claimed, string expected)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, claimed);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = OpenBytes(bytes);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_file_and_folder_in_its_place_are_refused_by_name()
    {
        Assert.Contains("nowhere.safetensors",
            Assert.Throws<EspalierException>(() => SafetensorsFile.Open(Path.Combine(_folder, "nowhere.safetensors"))).Message,
            StringComparison.Ordinal);
        Assert.Throws<EspalierException>(() => SafetensorsFile.Open(_folder));
    }

    [Fact]
    public void Every_truncation_of_a_golden_is_refused()
    {
        var whole = File.ReadAllBytes(Fixtures.Golden("pruning/calibration.safetensors"));
        for (var length = 0; length < whole.Length; length += length < 600 ? 1 : 4999)
            OpenBytes(whole[..length]);
    }

    [Fact]
    public void Header_order_does_not_matter_and_metadata_may_be_absent_or_null()
    {
        using var file =
            Open("""{"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]},"__metadata__":null,"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9);
        Assert.Equal(["a", "b"], file.Entries.Keys);
        Assert.Equal(2, file.Entry("a").Elements);
        Assert.Empty(file.Metadata);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(file.Entry("a"), 4, new byte[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(file.Entry("a"), -1, new byte[1]));
        Assert.Throws<EspalierException>(() => file.ReadFloat32("b"));
        Assert.Throws<EspalierException>(() => file.Entry("c"));
    }

    [Fact]
    public void Reading_after_dispose_is_an_error_and_no_crash()
    {
        var file = Open("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.ReadFloat32("a"));
    }

    private SafetensorsFile Open(string header, int dataBytes)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        var path = Path.Combine(_folder, "model.safetensors");
        File.WriteAllBytes(path, bytes);
        return SafetensorsFile.Open(path);
    }

    private EspalierException OpenBytes(byte[] bytes)
    {
        var path = Path.Combine(_folder, "raw.safetensors");
        File.WriteAllBytes(path, bytes);
        return Assert.Throws<EspalierException>(() => SafetensorsFile.Open(path));
    }
}
