using Espalier.Torch.Native;

namespace Espalier.Tests.Native;

/// <summary>Memory that passes take one after the other.</summary>
public sealed unsafe class KeptRoomsTests : TorchTest
{
    // More than any pass of another test takes.
    private const long Bytes = 96 << 20;

    [Fact]
    public void What_is_given_back_serves_the_next_who_needs_as_much_or_less()
    {
        var first = KeptRooms.Take(Bytes);
        var beside = KeptRooms.Take(Bytes);
        Assert.NotEqual((nint)first, (nint)beside);
        first[Bytes - 1] = beside[Bytes - 1] = 1;
        KeptRooms.Give(first);
        var again = KeptRooms.Take(Bytes - 1);
        Assert.Equal((nint)first, (nint)again);
        KeptRooms.Give(again);
        KeptRooms.Give(beside);
    }

    [Fact]
    public void What_is_too_small_goes_when_more_is_needed_and_what_nobody_has_goes_when_asked()
    {
        KeptRooms.Trim();
        KeptRooms.Give(KeptRooms.Take(Bytes));
        var larger = KeptRooms.Take(Bytes + 1);
        Assert.Equal(0, KeptRooms.Trim());
        larger[Bytes] = 1;
        KeptRooms.Give(larger);
        Assert.Equal(Bytes + 1, KeptRooms.Trim());
        Assert.Equal(0, KeptRooms.Trim());
    }
}
