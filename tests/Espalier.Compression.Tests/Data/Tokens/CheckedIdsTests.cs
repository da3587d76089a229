using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data.Tokens;

/// <summary>A file of ids is checked once, and no other one that takes its place, nor for a smaller vocabulary, is taken for it.</summary>
public sealed class CheckedIdsTests : IDisposable
{
    private readonly DataFixture _data = new();
    private int _checks;

    private string Cache => _data.At("cache/ids.json");

    public void Dispose() => _data.Dispose();

    [Fact]
    public void A_file_that_did_not_change_is_checked_once()
    {
        var path = _data.Write("a.u16", [1, 0, 9, 0]);
        Ensure(path, TokenWidth.UInt16, 10);
        Ensure(path, TokenWidth.UInt16, 10);
        Ensure(path, TokenWidth.UInt16, 4096);
        Assert.Equal(1, _checks);
        Assert.Contains("a.u16", File.ReadAllText(Cache), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TokenWidth.Int32)]
    [InlineData(TokenWidth.UInt16)]
    internal void A_file_that_is_shortened_while_it_is_open_is_an_error_and_not_the_end_of_the_process(TokenWidth width)
    {
        // More than a page, of which a mapping would have a whole one without a file behind it.
        var path = _data.Write(width == TokenWidth.Int32 ? "a.i32" : "a.u16", new byte[1 << 16]);
        using var ids = TokenFile.Open(path, width, 10, new CheckedIds(Cache, TimeProvider.System, 0));
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(100);
        var window = new int[8];
        ids.Read(0, window);
        var error = Assert.Throws<EspalierException>(() => ids.Read(10_000, window));
        Assert.Equal(($"{path}: became shorter while it was in use; start again with the whole file", 1), (error.Message, error.ExitCode));
    }

    [Fact]
    public void A_smaller_vocabulary_another_width_and_other_content_are_checked()
    {
        var path = _data.Write("a.i32", [1, 0, 0, 0]);
        Ensure(path, TokenWidth.Int32, 10);
        Ensure(path, TokenWidth.Int32, 9);
        Assert.Equal(2, _checks);
        Ensure(path, TokenWidth.UInt16, 9);
        Assert.Equal(3, _checks);
        // Both widths are remembered.
        Ensure(path, TokenWidth.Int32, 9);
        Ensure(path, TokenWidth.UInt16, 9);
        Assert.Equal(3, _checks);

        var time = File.GetLastWriteTimeUtc(path);
        File.WriteAllBytes(path, [2, 0, 0, 0]);
        File.SetLastWriteTimeUtc(path, time);
        Ensure(path, TokenWidth.Int32, 9);
        Assert.Equal(4, _checks);
        File.Move(_data.Write("other", [3, 0, 0, 0]), path, overwrite: true);
        Ensure(path, TokenWidth.Int32, 9);
        Assert.Equal(5, _checks);
    }

    [Fact]
    public void A_file_that_has_just_changed_or_is_small_is_checked_each_time()
    {
        var path = _data.Write("a.u16", [1, 0]);
        for (var i = 0; i < 2; i++)
            Ensure(path, TokenWidth.UInt16, 10, new CheckedIds(Cache, TimeProvider.System, least: 1));
        for (var i = 0; i < 2; i++)
            Ensure(path, TokenWidth.UInt16, 10, new CheckedIds(Cache, new Clock(), least: 3));
        Assert.Equal(4, _checks);
        Assert.False(File.Exists(Cache));
    }

    [Fact]
    public void What_fails_the_check_is_not_remembered()
    {
        var path = _data.Write("a.u16", [1, 0, 44, 1]);
        for (var i = 0; i < 2; i++)
        {
            var error = Assert.Throws<EspalierException>(() => TokenFile.Open(path, TokenWidth.UInt16, 300, Later()));
            Assert.Contains("id 300 at position 1 is outside the vocabulary of 300", error.Message, StringComparison.Ordinal);
        }
        Assert.False(File.Exists(Cache));
    }

    [Fact]
    public void An_id_that_the_cache_would_hide_is_refused_for_a_smaller_vocabulary()
    {
        var path = _data.Write("a.i32", [44, 1, 0, 0]);
        TokenFile.Open(path, TokenWidth.Int32, 301, Later()).Dispose();
        TokenFile.Open(path, TokenWidth.Int32, 301, Later()).Dispose();
        Assert.Throws<EspalierException>(() => TokenFile.Open(path, TokenWidth.Int32, 300, Later()));
        // Nor does what was checked for any id above 0.
        TokenFile.Open(path, TokenWidth.Int32, null, Later()).Dispose();
        Assert.Throws<EspalierException>(() => TokenFile.Open(path, TokenWidth.Int32, 300, Later()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[null]")]
    [InlineData("[{\"file\": null, \"width\": 2, \"below\": 10}]")]
    [InlineData("[{\"width\": 2}]")]
    public void A_broken_cache_is_no_cache(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Cache)!);
        File.WriteAllText(Cache, text);
        var path = _data.Write("a.u16", [1, 0]);
        Ensure(path, TokenWidth.UInt16, 10);
        Ensure(path, TokenWidth.UInt16, 10);
        Assert.Equal(1, _checks);
    }

    [Theory]
    [InlineData(TokenWidth.UInt16)]
    [InlineData(TokenWidth.Int32)]
    internal void A_bad_id_is_found_wherever_it_is(TokenWidth width)
    {
        // More than is checked at once, and no multiple of it.
        const int count = 300_001;
        foreach (var at in new[] { 0, 65_535, 65_536, 131_072, count - 1 })
        {
            var bytes = new byte[count * (int)width];
            bytes[at * (int)width] = 200;
            var path = _data.Write("a", bytes);
            TokenFile.Open(path, width, 201, Later()).Dispose();
            var error = Assert.Throws<EspalierException>(() => TokenFile.Open(path, width, 200, Later()));
            Assert.Contains($"id 200 at position {at} is outside the vocabulary of 200", error.Message, StringComparison.Ordinal);
        }
    }

    private CheckedIds Later() => new(Cache, new Clock(), least: 1);

    private void Ensure(string path, TokenWidth width, int below, CheckedIds? known = null)
    {
        using var file = File.OpenHandle(path);
        (known ?? Later()).Ensure(path, file, width, below, () => _checks++);
    }

    /// <summary>A minute from now.</summary>
    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddMinutes(1);
    }
}
