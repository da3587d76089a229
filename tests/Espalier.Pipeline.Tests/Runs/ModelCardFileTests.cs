using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Tests.Runs;

/// <summary>A README.md in the folder of a student: the program's own is replaced, somebody's stays whatever happens.</summary>
public sealed class ModelCardFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Student => _folder.Of("run", "student");

    private string Page => _folder.Of("run", "student", "README.md");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_card_is_written_replaced_and_gone_with_its_folder()
    {
        Publish("first");
        Assert.True(Write("one\n"));
        Assert.True(Write("two\n"));
        Assert.Equal("two\n", SealedText.Read(Page));
        Publish("second");
        Assert.False(File.Exists(Page));
        Assert.Equal(["run/run.json", "run/run.lock", "run/student/config.json"], _folder.Files());
    }

    [Theory]
    [InlineData("mine")]
    [InlineData("")]
    public void A_page_of_somebodys_own_stays(string text)
    {
        Publish("first");
        File.WriteAllText(Page, text);
        Assert.False(Write("one\n"));
        Publish("second");
        Assert.Equal((text, "second"), (File.ReadAllText(Page), File.ReadAllText(_folder.Of("run", "student", "config.json"))));
    }

    [Fact]
    public void A_link_in_its_place_is_not_followed()
    {
        Publish("first");
        File.WriteAllText(_folder.Of("elsewhere"), "mine");
        File.CreateSymbolicLink(Page, _folder.Of("elsewhere"));
        Assert.False(Write("one\n"));
        Assert.Throws<EspalierException>(() => Publish("second"));
        Assert.Equal("mine", File.ReadAllText(_folder.Of("elsewhere")));
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void Death_before_any_act_of_writing_a_card_leaves_the_old_or_the_new(Fault fault)
    {
        Publish("first");
        Write("old\n");
        var failed = true;
        for (var n = 0; failed; n++)
        {
            failed = Record.Exception(() => new FaultyLayer(n, fault).During(() => Write("new\n"))) is not null;
            Assert.Contains(SealedText.Read(Page), new[] { "old\n", "new\n" });
            Write("old\n");
            Assert.Equal(["run/run.json", "run/run.lock", "run/student/README.md", "run/student/config.json"], _folder.Files());
        }
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void Death_before_any_act_of_replacing_a_student_leaves_somebodys_page(Fault fault)
    {
        var failed = true;
        for (var n = 0; failed; n++)
        {
            Publish("first");
            File.WriteAllText(Page, "mine");
            failed = Record.Exception(() => new FaultyLayer(n, fault).During(() => Publish("second"))) is not null;
            Publish("third");
            Assert.Equal(("mine", "third"), (File.ReadAllText(Page), File.ReadAllText(_folder.Of("run", "student", "config.json"))));
            Assert.Equal(["run/run.json", "run/run.lock", "run/student/README.md", "run/student/config.json"], _folder.Files());
        }
    }

    private void Publish(string text)
    {
        using var run = RunFolder.Open(_folder.Of("run"));
        Begin(run);
        run.Publish([Student], place =>
        {
            Directory.CreateDirectory(Path.Combine(place, "student"));
            File.WriteAllText(Path.Combine(place, "student", "config.json"), text);
        });
    }

    private bool Write(string text)
    {
        using var run = RunFolder.Open(_folder.Of("run"));
        Begin(run);
        return run.WriteCard(Student, text);
    }

    private static void Begin(RunFolder run) => run.Save(run.Manifest ?? new()
    {
        ProgramVersion = "0.2.0",
        RecipeHash = "",
        Seeds = new Dictionary<string, long>(),
        Machine = MachineFacts.Detect(1, new Dictionary<string, string>()),
    });
}
