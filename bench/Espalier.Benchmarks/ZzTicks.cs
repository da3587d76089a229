using System.Diagnostics.Tracing;
namespace Espalier.Benchmarks;
internal sealed class ZzTicks : EventListener
{
    public static readonly Dictionary<string, int> Counts = [];
    public static bool On;
    protected override void OnEventSourceCreated(EventSource s)
    {
        if (s.Name == "Microsoft-Windows-DotNETRuntime") EnableEvents(s, EventLevel.Verbose, (EventKeywords)1);
    }
    protected override void OnEventWritten(EventWrittenEventArgs e)
    {
        if (On && e.EventName is { } n && n.StartsWith("GCAllocationTick", StringComparison.Ordinal))
        {
            var t = (string)e.Payload![5]!;
            lock (Counts) Counts[t] = Counts.GetValueOrDefault(t) + 1;
        }
    }
}
