namespace Espalier.Files.Tests.Text;

/// <summary>What people write is read, and what is said they can read.</summary>
public sealed class QuantityTests
{
    [Theory]
    [InlineData("300", 300)]
    [InlineData("300k", 300_000)]
    [InlineData("1.5M", 1_500_000)]
    [InlineData("94 B", 94_000_000_000)]
    [InlineData("1e3", 1000)]
    [InlineData("-2K", -2000)]
    [InlineData("1000000T", 1_000_000_000_000_000_000)]
    public void Counts_are_read(string text, long count) => Assert.Equal(count, Quantity.Count(text));

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("1.5")]
    [InlineData("0.0001k")]
    [InlineData("1000001T")]
    [InlineData("many")]
    [InlineData("NaN")]
    public void What_is_no_whole_number_is_none(string text) => Assert.Null(Quantity.Count(text));

    [Theory]
    [InlineData("2%", 0.02)]
    [InlineData("0.02", 0.02)]
    [InlineData("12.5 %", 0.125)]
    public void Shares_are_read_to_the_last_bit(string text, double share) => Assert.Equal(share, Quantity.Share(text));

    [Theory]
    [InlineData("8GiB", 8.0 * (1L << 30))]
    [InlineData("512 MB", 512e6)]
    [InlineData("3.5gb", 3.5e9)]
    [InlineData("1kB", 1000)]
    [InlineData("1KiB", 1024)]
    [InlineData("17", 17)]
    [InlineData("-1TB", -1e12)]
    public void Sizes_are_read(string text, double bytes) => Assert.Equal(bytes, Quantity.Bytes(text));

    [Theory]
    [InlineData("")]
    [InlineData("GB")]
    [InlineData("4 G")]
    [InlineData("4GBs")]
    [InlineData("1e999MB")]
    public void What_is_no_size_is_none(string text) => Assert.Null(Quantity.Bytes(text));

    [Theory]
    [InlineData("20ms", 0.02)]
    [InlineData("0.5s", 0.5)]
    [InlineData("3us", 3e-6)]
    [InlineData("2", 2)]
    public void Durations_are_read(string text, double seconds) => Assert.Equal(seconds, Quantity.Seconds(text)!.Value, 1e-15);

    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(1536, "1.50 KiB")]
    [InlineData(25276514304, "23.5 GiB")]
    public void Bytes_are_scaled(long bytes, string text) => Assert.Equal(text, Units.Bytes(bytes));

    [Theory]
    [InlineData(999, "999")]
    [InlineData(5_790_000, "5.79M")]
    [InlineData(8_030_261_248, "8.03B")]
    public void Counts_are_scaled(double count, string text) => Assert.Equal(text, Units.Count(count));

    [Theory]
    [InlineData(0.4, "0 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(200, "3 min 20 s")]
    [InlineData(7500, "2 h 5 min")]
    public void Times_are_said_in_two_units(double seconds, string text) => Assert.Equal(text, Units.Time(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(172_799, "47 h 59 min")]
    [InlineData(1_500_000, "17 days")]
    [InlineData(126_144_000, "4 years")]
    [InlineData(25_000_000_000, "more than 100 years")]
    public void Forecasts_are_said_in_days_and_years(double seconds, string text) => Assert.Equal(text, Units.LongTime(seconds));

    [Theory]
    [InlineData(12, "12 FLOP")]
    [InlineData(1.234e18, "1.23 EFLOP")]
    public void Operations_are_scaled(double flops, string text) => Assert.Equal(text, Units.Operations(flops));

    [Theory]
    [InlineData(290_000, "0.29 MB")]
    [InlineData(3.5e9, "3.5 GB")]
    public void Memory_is_said_in_the_units_that_options_take(double bytes, string text) => Assert.Equal(text, Units.Memory(bytes));

    [Theory]
    [InlineData(9_999_999, "9999999 bytes")]
    [InlineData(12_345_678_901, "12.35 GB")]
    public void Room_on_a_disk_is_said_to_the_byte_where_that_can_matter(long bytes, string text) => Assert.Equal(text, Units.Room(bytes));
}
