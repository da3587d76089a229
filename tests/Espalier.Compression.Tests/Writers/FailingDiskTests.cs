using Espalier.Tests;

namespace Espalier.Compression.Tests.Writers;

/// <summary>
/// Promise R4 for every writer: whichever act on the disk fails, what was there is still there, nothing half written stays, and the
/// error is one line.
/// </summary>
public sealed class FailingDiskTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, Fault> Files => Each(Writer.OfFiles.Keys);

    public static TheoryData<string, Fault> Folders => Each(Writer.OfFolders.Keys);

    public static TheoryData<string, Fault> OwnFolders => Each(Writer.OfOwnFolders.Keys);

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_is_the_old_one_or_the_new_one(string writer, Fault fault)
    {
        var (place, write) = (_folder.Of("out"), Writer.OfFiles[writer]);
        write(place);
        var made = State();
        ForEachAct(fault, () => File.WriteAllText(place, Old(writer)), () => write(place), failed =>
        {
            Assert.Contains(State(), failed ? [$"out {ContentHash.OfText(Old(writer))}", made] : new[] { made });
        });
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_folder_is_whole_or_not_there(string writer, Fault fault)
    {
        var (place, write) = (_folder.Of("out"), Writer.OfFolders[writer]);
        write(place);
        var made = State();
        ForEachAct(fault, () => Remove(place), () => write(place),
            failed => Assert.Contains(State(), failed ? ["", made] : new[] { made }), () => Directory.Exists(place));
    }

    [Theory]
    [MemberData(nameof(OwnFolders))]
    public void A_folder_without_its_last_file_is_done_again_and_one_with_it_is_whole(string writer, Fault fault)
    {
        var (last, write) = Writer.OfOwnFolders[writer];
        var place = _folder.Of("out");
        write(place);
        var made = State();
        ForEachAct(fault, () => Remove(place), () => write(place), failed =>
        {
            if (!failed || File.Exists(Path.Combine(place, last)))
                Assert.Equal(made, State());
            Assert.DoesNotContain(".tmp-", State(), StringComparison.Ordinal);
            write(place);
            Assert.Equal(made, State());
            // Over a whole one, too.
            write(place);
            Assert.Equal(made, State());
        });
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    /// <summary>Lets act 0, 1, 2, ... fail until none does.</summary>
    /// <param name="fault">How it fails.</param>
    /// <param name="prepare">Puts the old state there.</param>
    /// <param name="write">Writes the new one.</param>
    /// <param name="check">Looks, told whether the writer said that it failed.</param>
    /// <param name="isThere">For a writer that replaces nothing: whether the dead got so far that there is nothing to write again.</param>
    private static void ForEachAct(Fault fault, Action prepare, Action write, Action<bool> check, Func<bool>? isThere = null)
    {
        var failed = true;
        for (var act = 0; failed; act++)
        {
            prepare();
            var error = Record.Exception(() => new FaultyLayer(act, fault).During(write));
            failed = error is not null;
            if (fault == Fault.Kill)
            {
                // What the dead leave is for the next.
                Assert.True(error is null or DiedException, error?.ToString());
                if (isThere is null || !isThere())
                    write();
            }
            else if (failed)
            {
                var line = Assert.IsAssignableFrom<EspalierException>(error);
                Assert.Contains("out", line.Message, StringComparison.Ordinal);
                Assert.Contains(fault == Fault.Full ? "the disk is full" : "Input/output error", line.Message, StringComparison.Ordinal);
                Assert.Contains(fault == Fault.Full ? "free some space and start again"
                    : "give another path", line.Message, StringComparison.Ordinal);
                Assert.Equal(1, line.ExitCode);
            }
            check(failed && fault != Fault.Kill);
            Assert.True(act < 1000, "the writer fails for another reason");
        }
    }

    private string State() => string.Join('\n', _folder.Files().Select(name => $"{name} {ContentHash.OfFile(_folder.Of(name))}"));

    // A file that is no table of latencies is not written over.
    private static string Old(string writer) => writer == "latencies" ? "" : "old";

    private static void Remove(string place)
    {
        if (Directory.Exists(place))
            Directory.Delete(place, recursive: true);
    }

    private static TheoryData<string, Fault> Each(IEnumerable<string> writers)
    {
        var data = new TheoryData<string, Fault>();
        foreach (var writer in writers)
            foreach (var fault in new[] { Fault.Error, Fault.Full, Fault.Kill })
                data.Add(writer, fault);
        return data;
    }
}
