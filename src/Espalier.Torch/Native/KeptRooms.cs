namespace Espalier.Torch.Native;

/// <summary>
/// Large memory that passes take one after the other, such as that of logits: from the system and not from malloc, where it would come to
/// lie between what lasts, and leave holes that nothing as large fits into. What nobody has is kept, for fresh pages are dear, until
/// <see cref="Trim"/>.
/// </summary>
internal static unsafe class KeptRooms
{
    private static readonly Lock s_gate = new();
    private static readonly List<PageMemory> s_idle = [];
    private static readonly Dictionary<nint, PageMemory> s_taken = [];

    /// <summary>Room for so many bytes, which are anything; given back by <see cref="Give"/>.</summary>
    public static byte* Take(long bytes)
    {
        lock (s_gate)
        {
            // The smallest that fits; one that is too small will not serve what needs as much as this.
            PageMemory? found = null;
            foreach (var room in s_idle)
                if (room.Bytes >= bytes && !(found?.Bytes <= room.Bytes))
                    found = room;
            if (found is not null)
                _ = s_idle.Remove(found);
            else
            {
                if (s_idle.MaxBy(room => room.Bytes) is { } small)
                {
                    _ = s_idle.Remove(small);
                    small.Dispose();
                }
                found = new PageMemory(bytes, isHuge: false);
            }
            s_taken.Add((nint)found.Data, found);
            return found.Data;
        }
    }

    /// <summary>Gives a room back, by where it begins.</summary>
    public static void Give(void* data)
    {
        lock (s_gate)
            if (s_taken.Remove((nint)data, out var room))
                s_idle.Add(room);
    }

    /// <summary>Gives what nobody has to the system; how many bytes that were.</summary>
    public static long Trim()
    {
        lock (s_gate)
        {
            var bytes = s_idle.Sum(room => room.Bytes);
            s_idle.ForEach(room => room.Dispose());
            s_idle.Clear();
            return bytes;
        }
    }
}
